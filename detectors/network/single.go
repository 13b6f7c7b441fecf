package network

import (
	"sync"

	"posteriori/detectors"
	"posteriori/engine/fault"
	"posteriori/engine/infer"
	"posteriori/engine/vision"
	"posteriori/models"
)

// Single is a model that looks at one thing at a time, loaded: a classifier or
// a reader. It is safe for concurrent use, but one call runs at a time.
type Single struct {
	info detectors.Info

	mu       sync.Mutex // guards all below
	session  *infer.Session
	binding  *infer.Binding
	resample *vision.Resampler
}

// OpenSingle loads m from path, with inputs and outputs of these shapes, and a
// resampler to f. Errors are those of [OpenSession].
func OpenSingle(path string, m models.Model, o detectors.Options, in, out [][]int64, f vision.Format) (*Single, error) {
	session, err := OpenSession(path, m, o)
	if err != nil {
		return nil, err
	}
	s := &Single{
		info:    detectors.Info{Name: m.Name, SHA256: m.SHA256, Device: string(session.Device()), Input: f.W, Batch: int(max(in[0][0], 1))},
		session: session,
	}
	if s.binding, err = session.Bind(in, out); err != nil {
		session.Close()
		return nil, err
	}
	s.resample = vision.NewResampler(f)
	return s, nil
}

// Use calls do with the model for itself. do fills the binding's inputs, runs
// it, and reads its outputs, which are another caller's once it has returned.
// After Close it is fault.Internal.
func (s *Single) Use(do func(*infer.Binding, *vision.Resampler) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return fault.New(fault.Internal, "the model %s is closed", s.info.Name)
	}
	return do(s.binding, s.resample)
}

// Info says what is running.
func (s *Single) Info() detectors.Info { return s.info }

// Close frees the model. A second Close does nothing.
func (s *Single) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return nil
	}
	s.binding.Close()
	s.resample.Close()
	err := s.session.Close()
	s.session = nil
	return err
}
