package cli

import "perfpipe/internal/fault"

// CustomAPI is the value of --api for an API that a file describes.
const CustomAPI = "custom"

// CheckSpec checks that --api and --api-spec, the file of a specification, agree.
func CheckSpec(api, file string) error {
	switch {
	case api == CustomAPI && file == "":
		return fault.Invalid("", "api-spec", "--api custom needs --api-spec FILE")
	case api != CustomAPI && api != "" && file != "":
		return fault.Usage("", "--api-spec is for --api custom, not --api %s", api)
	}
	return nil
}
