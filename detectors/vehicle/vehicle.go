// Package vehicle names the colour and the type of a vehicle by a model (Open
// Model Zoo, vehicle-attributes-recognition-barrier-0039).
//
// On photographs of single vehicles it is right about red, yellow and white
// more than nine times in ten, about blue nearly so, about green two times in
// three, and about black less than every second time. So its answers
// are votes to be summed over a track and weighed against others, never a
// verdict.
package vehicle

import (
	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/infer"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/models"
)

// Model is the attribute model, loaded. It is safe for concurrent use, but
// one call runs at a time.
type Model struct {
	*network.Single
	types   []string
	colours []scene.Colour
}

// Open loads the model m, of the task vehicle-attributes, from path. Of the
// options Device and Threads count. Errors are those of network.Open.
func Open(path string, m models.Model, o detectors.Options) (*Model, error) {
	if m.Task != models.VehicleAttributes || len(m.Vocabularies) != 2 {
		return nil, fault.New(fault.BadInput, "model %s does not name the colour and type of vehicles", m.Name)
	}
	v := &Model{types: m.Labels(0)}
	for _, name := range m.Labels(1) {
		c, ok := scene.ParseColour(name)
		if !ok {
			return nil, fault.New(fault.BadInput, "model %s: %q is no colour", m.Name, name)
		}
		v.colours = append(v.colours, c)
	}
	in := m.Inputs[0].Shape
	var err error
	v.Single, err = network.OpenSingle(path, m, o, [][]int64{in}, [][]int64{m.Outputs[0].Shape, m.Outputs[1].Shape},
		vision.Format{W: int(in[3]), H: int(in[2]), BGR: true, Stretch: true, Scale: [3]float32{1, 1, 1}})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Attributes looks at the vehicle in the box of f, in source pixels, and
// returns the shares, each set adding up to 1, of the colours (white, grey,
// yellow, red, green, blue, black) and of the types (car, bus, truck, van).
// A box that lies outside the picture is fault.Internal.
func (v *Model) Attributes(f frame.YUV, box scene.Box) (map[scene.Colour]float64, map[string]float64, error) {
	types, colours := map[string]float64{}, map[scene.Colour]float64{}
	err := v.Use(func(model *infer.Binding, resample *vision.Resampler) error {
		if _, err := resample.Tensor(f, box, model.In[0].F32); err != nil {
			return err
		}
		if err := model.Run(); err != nil {
			return err
		}
		for i, p := range model.Out[0].F32[:len(v.types)] {
			types[v.types[i]] = float64(p)
		}
		for i, p := range model.Out[1].F32[:len(v.colours)] {
			colours[v.colours[i]] = float64(p)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return colours, types, nil
}
