package compliance

import "strings"

// licences are those of the Go modules built into the programs, by path or by
// the beginning of one that ends in /, as SPDX names them and as their own files
// say.
var licences = map[string]string{
	"codeberg.org/go-pdf/fpdf":                      "MIT",
	"github.com/VividCortex/ewma":                   "MIT",
	"github.com/acarl005/stripansi":                 "MIT",
	"github.com/expr-lang/expr":                     "MIT",
	"github.com/jackc/":                             "MIT",
	"github.com/landlock-lsm/go-landlock":           "MIT",
	"github.com/mattn/go-runewidth":                 "MIT",
	"github.com/ncruces/go-sqlite3":                 "MIT",
	"github.com/ncruces/go-sqlite3-wasm/":           "MIT-0",
	"github.com/ncruces/julianday":                  "MIT",
	"github.com/riverqueue/":                        "MPL-2.0",
	"github.com/rivo/uniseg":                        "MIT",
	"github.com/spf13/cobra":                        "Apache-2.0",
	"github.com/spf13/pflag":                        "BSD-3-Clause",
	"github.com/tidwall/":                           "MIT",
	"github.com/vbauerster/mpb/":                    "Unlicense",
	"github.com/yalue/onnxruntime_go":               "MIT",
	"go.uber.org/":                                  "MIT",
	"go.yaml.in/yaml/":                              "MIT AND Apache-2.0",
	"gocv.io/x/gocv":                                "Apache-2.0",
	"golang.org/x/":                                 "BSD-3-Clause",
	"kernel.org/pub/linux/libs/security/libcap/psx": "BSD-3-Clause OR GPL-2.0-only",
	"lukechampine.com/adiantum":                     "MIT",
}

// Licence is the licence of a Go module, or "" where nobody said.
func Licence(path string) string {
	if l, ok := licences[path]; ok {
		return l
	}
	for end := strings.LastIndexByte(path, '/'); end > 0; end = strings.LastIndexByte(path[:end], '/') {
		if l, ok := licences[path[:end+1]]; ok {
			return l
		}
	}
	return ""
}
