package launch

import (
	"syscall"

	"perfpipe/internal/fault"
)

// unsupported returns why no server is started here: without process groups its children would outlive it.
func unsupported() error {
	return fault.Of("", "start-it", "servers are not started on Windows")
}

func leader() *syscall.SysProcAttr { return nil }

func (g *group) attr() *syscall.SysProcAttr { return nil }

func (g *group) member() *syscall.SysProcAttr { return nil }

func (g *group) terminate() {}

func kill(int) {}
