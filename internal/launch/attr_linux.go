package launch

import "syscall"

// attr puts a process into the group, to be killed when the thread that starts it ends.
func (g *group) attr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: g.id(), Pdeathsig: syscall.SIGKILL}
}
