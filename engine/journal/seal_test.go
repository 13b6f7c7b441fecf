package journal

import "testing"

func TestSeal(t *testing.T) {
	key, err := NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	seal, err := key.Seal("procedure", []byte("text"))
	if err != nil || !key.Sealed("procedure", []byte("text"), seal) {
		t.Fatal(seal, err)
	}
	for name, ok := range map[string]bool{
		"another text": key.Sealed("procedure", []byte("texT"), seal),
		"another kind": key.Sealed("users", []byte("text"), seal),
		"another key":  other.Sealed("procedure", []byte("text"), seal),
		"no seal":      key.Sealed("procedure", []byte("text"), ""),
		"no base64":    key.Sealed("procedure", []byte("text"), "!"),
		"no key":       Key{}.Sealed("procedure", []byte("text"), seal),
	} {
		if ok {
			t.Errorf("%s passes", name)
		}
	}
	if _, err := (Key{}).Seal("procedure", nil); err == nil {
		t.Error("sealed without a key")
	}
}
