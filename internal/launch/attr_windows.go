package launch

import (
	"errors"
	"syscall"
)

// unsupported returns why no server is started here: without process groups its children would outlive it.
func unsupported() error {
	return errors.New("on Windows no server is started: start it yourself, and give its --url")
}

func leader() *syscall.SysProcAttr { return nil }

func (g *group) attr() *syscall.SysProcAttr { return nil }

func (g *group) member() *syscall.SysProcAttr { return nil }

func (g *group) terminate() {}

func kill(int) {}
