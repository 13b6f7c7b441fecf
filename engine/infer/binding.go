package infer

import (
	"fmt"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"posteriori/engine/fault"
)

// Tensor is a block of numbers in row-major order. Exactly one of the slices
// is set, as Type says.
type Tensor struct {
	Type  Type
	Shape []int64
	F32   []float32
	I64   []int64
	U8    []uint8
}

// Binding is a Session with tensors of fixed shapes that are used again for
// every run: write In, call Run, read Out. It is for one goroutine at a time.
type Binding struct {
	In  []Tensor
	Out []Tensor // valid until the next Run or Close

	session *Session
	in, out []ort.Value
	given   []bool // outputs whose shape the caller gave: they are kept
}

// Bind makes the tensors for runs with inputs of these shapes, in the model's
// order. Out gives the shapes of the outputs where the caller knows them; a
// nil entry (or a nil out) leaves the shape to the model, at the cost of a
// copy each run. Shapes that contradict the model's are fault.Internal.
func (s *Session) Bind(in, out [][]int64) (*Binding, error) {
	if s.s == nil {
		return nil, fault.New(fault.Internal, "the model is closed").OnFile(s.path)
	}
	if out == nil {
		out = make([][]int64, len(s.outputs))
	}
	if len(in) != len(s.inputs) || len(out) != len(s.outputs) {
		return nil, fault.New(fault.Internal, "%d inputs and %d outputs were bound of %d and %d",
			len(in), len(out), len(s.inputs), len(s.outputs)).OnFile(s.path)
	}
	b := &Binding{
		session: s,
		In:      make([]Tensor, len(in)), in: make([]ort.Value, len(in)),
		Out: make([]Tensor, len(out)), out: make([]ort.Value, len(out)), given: make([]bool, len(out)),
	}
	for i, shape := range in {
		if err := b.make(s.inputs[i], shape, &b.In[i], &b.in[i]); err != nil {
			b.Close()
			return nil, err
		}
	}
	for i, shape := range out {
		if shape == nil {
			continue
		}
		if err := b.make(s.outputs[i], shape, &b.Out[i], &b.out[i]); err != nil {
			b.Close()
			return nil, err
		}
		b.given[i] = true
	}
	return b, nil
}

func (b *Binding) make(p Port, shape []int64, t *Tensor, v *ort.Value) error {
	if !fits(p.Shape, shape) {
		return fault.New(fault.Internal, "%s has the shape %v, not %v", p.Name, p.Shape, shape).OnFile(b.session.path)
	}
	var err error
	switch p.Type {
	case Float32:
		*t, *v, err = empty[float32](shape)
	case Int64:
		*t, *v, err = empty[int64](shape)
	case Uint8:
		*t, *v, err = empty[uint8](shape)
	default:
		err = fmt.Errorf("%s is of type %s, which this engine does not use", p.Name, p.Type)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "cannot make a tensor").OnFile(b.session.path)
	}
	return nil
}

// fits tells whether a full shape agrees with a declared one.
func fits(declared, shape []int64) bool {
	if len(declared) != len(shape) {
		return false
	}
	for i, d := range declared {
		if shape[i] <= 0 || d > 0 && d != shape[i] {
			return false
		}
	}
	return true
}

func empty[T ort.TensorData](shape []int64) (Tensor, ort.Value, error) {
	v, err := ort.NewEmptyTensor[T](slices.Clone(shape))
	if err != nil {
		return Tensor{}, nil, err
	}
	t, err := view(v)
	return t, v, err
}

// view shows an ONNX Runtime tensor, without copying.
func view(v ort.Value) (Tensor, error) {
	switch v := v.(type) {
	case *ort.Tensor[float32]:
		return Tensor{Type: Float32, Shape: v.GetShape(), F32: v.GetData()}, nil
	case *ort.Tensor[int64]:
		return Tensor{Type: Int64, Shape: v.GetShape(), I64: v.GetData()}, nil
	case *ort.Tensor[uint8]:
		return Tensor{Type: Uint8, Shape: v.GetShape(), U8: v.GetData()}, nil
	}
	return Tensor{}, fmt.Errorf("an output of type %T, which this engine does not use", v)
}

// Run runs the model on In and fills Out.
func (b *Binding) Run() error {
	if b.session.s == nil || b.in == nil {
		return fault.New(fault.Internal, "the model is closed").OnFile(b.session.path)
	}
	b.dropFree()
	if err := b.session.s.Run(b.in, b.out); err != nil {
		return fault.Wrap(fault.Internal, err, "the model failed").OnFile(b.session.path)
	}
	for i, v := range b.out {
		if b.given[i] {
			continue
		}
		t, err := view(v)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "the model's output %s is unusable", b.session.outputs[i].Name).OnFile(b.session.path)
		}
		b.Out[i] = t
	}
	return nil
}

// dropFree forgets the outputs that the last run made.
func (b *Binding) dropFree() {
	for i, v := range b.out {
		if v != nil && !b.given[i] {
			v.Destroy()
			b.out[i], b.Out[i] = nil, Tensor{}
		}
	}
}

// Close frees the tensors. A second Close does nothing.
func (b *Binding) Close() {
	for _, v := range slices.Concat(b.in, b.out) {
		if v != nil {
			v.Destroy()
		}
	}
	b.in, b.out, b.In, b.Out = nil, nil, nil, nil
}
