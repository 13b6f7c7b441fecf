package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"math"

	"posteriori/engine/scene"
)

// packVotes is the text in which votes are stored: weights to a thousandth.
func packVotes(v scene.Votes) (string, error) {
	if !v.Known() {
		return "", nil
	}
	for _, m := range []*map[string]float64{&v.Class, &v.Colour, &v.Lower} {
		*m = maps.Clone(*m)
		for k, w := range *m {
			(*m)[k] = math.Round(finite(w)*1000) / 1000
		}
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// Votes are what the class and colours of a track were told from; none when the
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
