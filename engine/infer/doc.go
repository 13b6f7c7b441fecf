// Package infer is the engine's only door to ONNX Runtime (onnxruntime_go):
// it loads the library once for the process, opens models, and runs them on
// tensors bound to fixed shapes. It knows nothing of pictures or classes.
//
//	infer.Load("/…/libonnxruntime.so")
//	s, err := infer.Open(path, infer.Options{Device: infer.Auto, Threads: 1})
//	b, err := s.Bind([][]int64{{1, 3, 416, 416}}, nil)
//	copy(b.In[0].F32, picture)
//	err = b.Run()
//	… b.Out[0].F32 …
package infer
