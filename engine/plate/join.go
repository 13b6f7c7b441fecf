package plate

import "slices"

// Join packs the reads of two pieces of one track together, as the parts of a
// track that runs over the cut between two chunks come from two workers. It is
// Pack of the Fuse of both, so the order does not matter.
func Join(a, b []byte) ([]byte, error) {
	if len(a) == 0 && len(b) == 0 {
		return nil, nil
	}
	first, err := UnpackReads(a)
	if err != nil {
		return nil, err
	}
	second, err := UnpackReads(b)
	if err != nil {
		return nil, err
	}
	return Pack(Fuse(slices.Concat(first, second))), nil
}
