//go:build !unix

package client

import "time"

// processCPU is not asked of other systems: the share is then 0, and absent from the records.
func processCPU() time.Duration { return 0 }
