package infer

import (
	"os"
	"strconv"

	ort "github.com/yalue/onnxruntime_go"

	"posteriori/engine/fault"
	"posteriori/models/onnx"
)

// Device is what a model runs on.
type Device string

// The devices. Auto takes CUDA when library, driver and card allow it, and
// the CPU otherwise.
const (
	Auto Device = "auto"
	CPU  Device = "cpu"
	CUDA Device = "cuda"
)

// ParseDevice reads a device as the command line names it; empty is Auto.
func ParseDevice(s string) (Device, error) {
	switch d := Device(s); d {
	case "":
		return Auto, nil
	case Auto, CPU, CUDA:
		return d, nil
	}
	return "", fault.New(fault.Usage, "unknown device %q", s).WithHint("devices are auto, cpu and cuda")
}

// Options say how a model is opened.
type Options struct {
	Device  Device // empty: Auto
	Threads int    // threads of one run on the CPU; 0: 1
}

// Type is the type of a tensor's elements.
type Type string

// The element types that models of this engine use.
const (
	Float32 Type = "float32"
	Int64   Type = "int64"
	Uint8   Type = "uint8"
)

// Port is one input or output of a model. A dimension of -1 is free.
type Port struct {
	Name  string
	Type  Type // the runtime's own name when it is none of the above
	Shape []int64
}

// Session is one model, loaded. Several goroutines may use it at once, each
// with a Binding of its own. Close it when no Binding of it is left.
type Session struct {
	path    string
	s       *ort.DynamicAdvancedSession
	device  Device
	inputs  []Port
	outputs []Port
}

// Open loads the model at path. [Load] must have succeeded before, else
// fault.Missing. A file that is no ONNX model is fault.BadInput. Device CUDA
// where there is none is fault.Missing; Auto falls back to the CPU.
func Open(path string, o Options) (*Session, error) {
	if Loaded() == "" {
		return nil, fault.New(fault.Missing, "no ONNX Runtime library is loaded").WithHint(buildHint)
	}
	// Read by ourselves: the runtime's own message for an unreadable file is
	// obscure, and what the caller hashed must be what is loaded.
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.Missing, err, "the model cannot be read").OnFile(path).
			WithHint("install it with `posteriori models install`")
	}
	return OpenBytes(path, data, o)
}

// OpenBytes is [Open] for a model already read; name stands in errors.
func OpenBytes(name string, data []byte, o Options) (*Session, error) {
	if Loaded() == "" {
		return nil, fault.New(fault.Missing, "no ONNX Runtime library is loaded").WithHint(buildHint)
	}
	if len(data) == 0 {
		return nil, fault.New(fault.BadInput, "the model is empty").OnFile(name)
	}
	device, err := ParseDevice(string(o.Device))
	if err != nil {
		return nil, err
	}
	if device != CPU {
		s, cudaErr := open(name, data, CUDA, o.Threads)
		if cudaErr == nil {
			return s, nil
		}
		if device == CUDA {
			return nil, fault.Wrap(fault.Missing, cudaErr, "the model cannot run on CUDA").OnFile(name).
				WithHint("use --device cpu, or install a GPU build of ONNX Runtime with its CUDA libraries")
		}
	}
	s, err := open(name, onnx.Fold(data), CPU, o.Threads)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "not a usable ONNX model").OnFile(name)
	}
	return s, nil
}

func open(name string, data []byte, device Device, threads int) (*Session, error) {
	in, out, err := readPorts(data)
	if err != nil {
		return nil, err
	}
	opts, err := options(device, threads)
	if err != nil {
		return nil, err
	}
	defer opts.Destroy()
	s := &Session{path: name, device: device, inputs: in, outputs: out}
	s.s, err = ort.NewDynamicAdvancedSessionWithONNXData(data, names(s.inputs), names(s.outputs), opts)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func options(device Device, threads int) (*ort.SessionOptions, error) {
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	set := []func() error{
		func() error { return opts.SetIntraOpNumThreads(max(threads, 1)) },
		func() error { return opts.SetInterOpNumThreads(1) },
		func() error { return opts.SetExecutionMode(ort.ExecutionModeSequential) },
		func() error { return opts.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll) },
		// What goes wrong comes back as an error; standard error is not ours.
		func() error { return opts.SetLogSeverityLevel(ort.LoggingLevelFatal) },
		// Threads that spin between runs would eat the core that decodes.
		func() error { return opts.AddSessionConfigEntry("session.intra_op.allow_spinning", "0") },
	}
	if device == CUDA {
		set = append(set, func() error { return addCUDA(opts) })
	}
	for _, f := range set {
		if err := f(); err != nil {
			opts.Destroy()
			return nil, err
		}
	}
	return opts, nil
}

func addCUDA(opts *ort.SessionOptions) error {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer cuda.Destroy()
	if err := cuda.Update(map[string]string{"device_id": strconv.Itoa(0)}); err != nil {
		return err
	}
	return opts.AppendExecutionProviderCUDA(cuda)
}

func names(ps []Port) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Name
	}
	return out
}

// Device is what the model runs on: CPU or CUDA.
func (s *Session) Device() Device { return s.device }

// Inputs are the model's inputs, in its own order.
func (s *Session) Inputs() []Port { return s.inputs }

// Outputs are the model's outputs, in its own order.
func (s *Session) Outputs() []Port { return s.outputs }

// Close frees the model. A second Close does nothing.
func (s *Session) Close() error {
	if s.s == nil {
		return nil
	}
	err := s.s.Destroy()
	s.s = nil
	return err
}
