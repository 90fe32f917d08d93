//go:build unix && !linux

package launch

import "syscall"

// attr puts a process into the group.
func (g *group) attr() *syscall.SysProcAttr { return g.member() }
