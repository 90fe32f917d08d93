//go:build !unix

package client

import "time"

// CPUTime is not asked of other systems: the share is then 0, and absent from the records.
func CPUTime() time.Duration { return 0 }
