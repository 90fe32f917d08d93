package client

// OpenFiles is the limit of open files, which bounds the number of connections.
type OpenFiles struct {
	Limit  int  // files that this process may have open; 0: no limit is known
	Spare  int  // files of the limit that are left for everything else than connections
	Scarce bool // the limit is so low that Spare is the least that a run needs
}

const (
	spareFiles = 64
	leastSpare = 24
)

// Files returns the limit of this process.
func Files() OpenFiles { return openFiles(fileLimit()) }

func openFiles(limit int) OpenFiles {
	if limit > 0 && limit < 2*spareFiles {
		return OpenFiles{limit, leastSpare, true}
	}
	return OpenFiles{limit, spareFiles, false}
}

// Conns returns how many connections the limit leaves: 0 if no limit is known, less than 0 if it leaves none. If this
// process has bothEnds of each connection, a connection is two files.
func (f OpenFiles) Conns(bothEnds bool) int {
	n := f.Limit - f.Spare
	if bothEnds {
		n /= 2
	}
	switch {
	case f.Limit == 0:
		return 0
	case n > 0:
		return n
	}
	return -1
}
