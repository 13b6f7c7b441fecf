package infer

// OpenAsIs opens a model on the CPU without folding it.
func OpenAsIs(name string, data []byte) (*Session, error) { return open(name, data, CPU, 1) }
