//go:build !unix

package cli

import "io"

// ttyTurn would keep processes from drawing on one terminal at once; without locks of terminals each draws.
type ttyTurn struct{}

func openTurn(io.Writer) ttyTurn { return ttyTurn{} }
func (ttyTurn) take() bool       { return true }
func (ttyTurn) release()         {}
func (ttyTurn) wait()            {}
func (ttyTurn) close()           {}
