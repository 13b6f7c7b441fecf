package score

import "testing"

func TestChange(t *testing.T) {
	var c Change
	c.AddRow([]byte{1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, []byte{255, 255, 0, 50, 85, 255, 0, 50, 170, 85})
	if c != (Change{TP: 2, FP: 2, FN: 1}) {
		t.Errorf("%+v", c)
	}
	if c.Precision() != .5 || c.Recall() != 2.0/3 || c.F() != 4.0/7 {
		t.Errorf("%v %v %v", c.Precision(), c.Recall(), c.F())
	}
	if (Change{}).F() != 0 {
		t.Error("nothing is not zero")
	}
}
