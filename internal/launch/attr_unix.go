//go:build unix

package launch

import "syscall"

// leader makes a process the first of a group.
func leader() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// member puts a process into the group.
func (g *group) member() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: g.id()}
}

// terminate asks all of the group to end.
func (g *group) terminate() { syscall.Kill(-g.id(), syscall.SIGTERM) }

// kill ends a process, or with a negative number the group of that number.
func kill(pid int) { syscall.Kill(pid, syscall.SIGKILL) }

// unsupported is nil: there are process groups.
func unsupported() error { return nil }
