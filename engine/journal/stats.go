package journal

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"posteriori/engine/fault"
)

// Stats counts records, without any personal data: no name, no account, no
// reason, no number of a procedure. Each count is over the same records.
type Stats struct {
	Year       int                 `json:"year,omitempty"` // 0: all
	Journals   int                 `json:"journals"`       // that have records in it
	Records    int64               `json:"records"`
	Operations map[Operation]int64 `json:"operations"`
	Subs       map[Sub]int64       `json:"acts"`
	Outcomes   map[Outcome]int64   `json:"outcomes"`
	Rules      map[string]int64    `json:"rules,omitempty"` // of refusals
	Months     map[string]int64    `json:"months"`          // YYYY-MM
	Frames     map[string]int64    `json:"frames"`          // legal frame; "none" outside a procedure
}

// NewStats makes empty counts for a year, 0 for all years.
func NewStats(year int) *Stats {
	return &Stats{Year: year, Operations: map[Operation]int64{}, Subs: map[Sub]int64{}, Outcomes: map[Outcome]int64{},
		Rules: map[string]int64{}, Months: map[string]int64{}, Frames: map[string]int64{}}
}

// Add counts the records of the journal in fsys. A record belongs to the year
// and month of its own local time, as an administration counts them.
func (s *Stats) Add(ctx context.Context, fsys fs.FS) error {
	before := s.Records
	for r, err := range Read(fsys, Filter{}) {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		local, err := time.Parse(timeLocal, r.TimeLocal)
		if err != nil {
			return fault.Wrap(fault.Integrity, err, "record %d has no time", r.Seq).OnFile(fileEntries)
		}
		if s.Year == 0 || local.Year() == s.Year {
			s.count(r, local)
		}
	}
	if s.Records > before {
		s.Journals++
	}
	return nil
}

func (s *Stats) count(r Record, local time.Time) {
	s.Records++
	s.Operations[r.Operation]++
	s.Subs[r.Sub]++
	s.Outcomes[r.Outcome]++
	if r.Outcome == Refused {
		s.Rules[r.Rule]++
	}
	s.Months[fmt.Sprintf("%04d-%02d", local.Year(), local.Month())]++
	frame := "none"
	if r.Procedure != nil && r.Procedure.Frame != "" {
		frame = r.Procedure.Frame
	}
	s.Frames[frame]++
}
