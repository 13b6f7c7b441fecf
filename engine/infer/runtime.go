package infer

import (
	"os"
	"path/filepath"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"posteriori/engine/fault"
)

const buildHint = "run `make build`, which fetches ONNX Runtime, or analyse without models (motion alone)"

// loaded is the library of this process. ONNX Runtime cannot be swapped
// once it runs, so there is one, for good.
var loaded struct {
	sync.Mutex
	path string
}

// Load loads the ONNX Runtime library at an absolute path. Loading the same
// one again is no error; another is, as a process has one for its life. A
// library that is not there, or that does not fit, is fault.Missing.
func Load(path string) error {
	loaded.Lock()
	defer loaded.Unlock()
	if !filepath.IsAbs(path) {
		return missing(path, nil, "the path of the ONNX Runtime library is not absolute")
	}
	path = filepath.Clean(path)
	if loaded.path != "" {
		if loaded.path == path {
			return nil
		}
		return fault.New(fault.Internal, "ONNX Runtime is already loaded from %s", loaded.path).OnFile(path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return missing(path, err, "the ONNX Runtime library cannot be read")
	}
	if !info.Mode().IsRegular() {
		return missing(path, nil, "the ONNX Runtime library is not a regular file")
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return missing(path, err, "the ONNX Runtime library cannot be loaded")
	}
	loaded.path = path
	return nil
}

func missing(path string, err error, msg string) error {
	return fault.Wrap(fault.Missing, err, "%s", msg).OnFile(path).WithHint(buildHint)
}

// Loaded is the path of the loaded library, or empty.
func Loaded() string {
	loaded.Lock()
	defer loaded.Unlock()
	return loaded.path
}

// Version is the version of the loaded library, such as "1.24.3", or empty
// when none is loaded.
func Version() string {
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.path == "" {
		return ""
	}
	return ort.GetVersion()
}
