package main

// hint returns the text to append to a message of the client that has a reason, or an empty string.
func hint(reason string) string {
	switch reason {
	case "wants-tls":
		return "; write https:// in --url"
	case "no-tls":
		return "; write http:// in --url"
	case "perhaps-no-tls":
		return "; write http:// in --url if it speaks none"
	case "untrusted":
		return "; --insecure does not verify it"
	case "unknown-issuer":
		return "; --cacert FILE trusts its issuer, --insecure does not verify it"
	case "wants-cert":
		return "; --cert FILE presents one"
	case "wants-http2":
		return "; add --http2"
	case "no-http2":
		return "; leave out --http2"
	case "not-resent":
		return " (--no-resend)"
	case "redirected":
		return "; give that as --url"
	case "too-long":
		return " (--max-answer-bytes)"
	case "usage-added":
		return " (--no-usage does not)"
	case "no-api":
		return "; --api names one"
	}
	return ""
}
