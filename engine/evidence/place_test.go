package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"posteriori/engine/fault"
)

// No output goes into a store, by whatever way it is named; a procedure's
// folder of derived files is open.
func TestCheckPlace(t *testing.T) {
	root := t.TempDir()
	store := filepath.Join(root, "store")
	for _, d := range []string{"keys", "procedures/P1/derived/sub", "procedures/P1/journal"} {
		if err := os.MkdirAll(filepath.Join(store, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(store, "store.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(store, "procedures"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(store, filepath.Join(store, "procedures/P1/derived/back")); err != nil {
		t.Fatal(err)
	}
	for path, refused := range map[string]bool{
		"report.pdf": false, "store.pdf": false, "new/folder/report.pdf": false,
		"store/users.json": true, "store/x.pdf": true, "store/procedures/P1/procedure.json": true, "store/procedures/P1/journal/entries": true,
		"store/procedures/P1/derived": true, "store/procedures/P1/derived/x.mp4": false, "store/procedures/P1/derived/sub/new/x.mp4": false,
		"store/procedures/P1/derived/../procedure.json": true, "link/P1/procedure.json": true, "link/P1/new/x.mp4": true,
		"store/procedures/P1/derived/back/users.json": true, "store/new/deep/x": true,
	} {
		err := CheckPlace(root + "/" + path)
		if got := fault.KindOf(err) == fault.Refused; got != refused {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := Create(root+"/"+path, true); refused && fault.KindOf(err) != fault.Refused {
			t.Errorf("Create %s: %v", path, err)
		}
	}
}
