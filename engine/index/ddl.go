package index

import (
	"maps"
	"slices"
	"strings"
)

// Schema is the text that makes a procedure's index, with all that older files
// are brought up by: what package compliance reads to prove what is not there.
func Schema() string {
	parts := []string{schemaSQL, lawSQL, registrationTables, cameraSQL, batchSQL}
	for _, v := range slices.Sorted(maps.Keys(upgrades)) {
		parts = append(parts, upgrades[v])
	}
	return strings.Join(parts, ";\n")
}
