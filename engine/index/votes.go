package index

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"

	"posteriori/engine/scene"
)

// keptVotes is how many names of each kind are stored: enough to say why an
// answer was given and what it was nearly, and no description of a person.
const keptVotes = 3

// packVotes is the text in which votes are stored, empty for none.
func packVotes(v scene.Votes) (string, error) {
	if !v.Known() {
		return "", nil
	}
	v.Class, v.Colour, v.Lower = hundredths(v.Class), hundredths(v.Colour), hundredths(v.Lower)
	text, err := json.Marshal(v)
	return string(text), err
}

// hundredths are the votes of the names with most, in whole hundredths of all.
func hundredths(votes map[string]float64) map[string]float64 {
	names := slices.SortedFunc(maps.Keys(votes), func(a, b string) int {
		return cmp.Or(cmp.Compare(finite(votes[b]), finite(votes[a])), cmp.Compare(a, b))
	})
	sum := 0. // in one order, so that it is always the same
	for _, n := range names {
		sum += finite(votes[n])
	}
	if sum <= 0 {
		return nil
	}
	out := map[string]float64{}
	for _, n := range names[:min(keptVotes, len(names))] {
		if share := math.Round(100 * finite(votes[n]) / sum); share > 0 {
			out[n] = share
		}
	}
	return out
}

// Votes are what the class and colours of a track were told from: of each kind
// the names with most, in hundredths of all votes. They are empty when the
// index does not know them, or has no such track.
func (s *Store) Votes(ctx context.Context, rec, track int64) (scene.Votes, error) {
	var v scene.Votes
	var text string
	err := s.r.QueryRowContext(ctx, "SELECT votes FROM tube WHERE recording = ? AND track = ?", rec, track).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || err == nil && text == "" {
		return v, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &v)
	}
	return v, s.fail(err, "cannot read the votes of a track")
}
