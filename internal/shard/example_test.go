package shard_test

import (
	"fmt"

	"perfpipe/internal/shard"
)

// The second of three tasks of a Slurm job.
func ExampleFind() {
	env := map[string]string{"SLURM_PROCID": "1", "SLURM_NTASKS": "3"}
	part, from, err := shard.Find("", 0, func(name string) string { return env[name] })
	fmt.Println(part, from, err)
	// Output: 1/3 SLURM_PROCID <nil>
}
