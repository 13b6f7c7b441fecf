package engine

import (
	"context"
	"path/filepath"
	"testing"

	"posteriori/engine/procedure"
)

// TestOneAnalysisAtATime: the second is told so at once, and may go ahead
// when the first has ended.
func TestOneAnalysisAtATime(t *testing.T) {
	ctx := context.Background()
	s, err := Init(filepath.Join(t.TempDir(), "store"), InitOptions{Demo: true, Reason: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.CreateProcedure(ctx, "test", procedure.Document{
		ID: "P", Frame: "flagrance", Offence: "vol", Imprisonment: true, Service: "S", Parquet: "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := p.LockAnalysis(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.LockAnalysis(ctx); err == nil {
		t.Fatal("two analyses at once")
	}
	unlock()
	again, err := p.LockAnalysis(ctx)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
