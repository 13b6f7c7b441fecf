package infer

import "posteriori/models/onnx"

// readPorts finds the inputs and outputs of the model in data. The runtime
// tells them only by building the model, which costs as much as opening it:
// half a second of processor time for a transformer. They stand plainly in
// the file, so they are read from there.
func readPorts(data []byte) (in, out []Port, err error) {
	m, err := onnx.Read(data)
	if err != nil {
		return nil, nil, err
	}
	return ports(m.Inputs), ports(m.Outputs), nil
}

func ports(list []onnx.Port) []Port {
	out := make([]Port, len(list))
	for i, p := range list {
		out[i] = Port{Name: p.Name, Type: Type(p.Type), Shape: p.Shape}
	}
	return out
}
