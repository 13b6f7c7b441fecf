package score

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
)

// Track is one object as `posteriori query --format json --paths` prints it;
// fields that no scorer needs are left out.
type Track struct {
	Recording  int64   `json:"recording"`
	SHA256     string  `json:"sha256"`
	ID         int64   `json:"track"`
	Class      string  `json:"class"`
	ClassScore float64 `json:"class_score"`
	Colour     string  `json:"colour"`
	// ColourScore is 0 where the colour is unknown.
	ColourScore float64      `json:"colour_score"`
	Heading     *float64     `json:"heading"` // degrees clockwise from up, or null
	StartUS     int64        `json:"start_us"`
	EndUS       int64        `json:"end_us"`
	Path        [][5]float64 `json:"path"` // t_us, x, y, w, h
}

// ReadTracks reads the answer of a query: either a list of tracks, or an
// object that holds it under "tracks".
func ReadTracks(r io.Reader) ([]Track, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var list []Track
	if err = json.Unmarshal(raw, &list); err != nil {
		var whole struct {
			Tracks *[]Track `json:"tracks"`
		}
		if json.Unmarshal(raw, &whole) != nil || whole.Tracks == nil {
			return nil, fmt.Errorf("not a list of tracks: %w", err)
		}
		list = *whole.Tracks
	}
	return list, nil
}

// At is the track's box at t, between two points of its path in proportion.
// Up to slack before its first and after its last point it stands still;
// beyond, ok is false.
func (k Track) At(tUS, slackUS float64) (box Rect, ok bool) {
	n := len(k.Path)
	if n == 0 || tUS < k.Path[0][0]-slackUS || tUS > k.Path[n-1][0]+slackUS {
		return Rect{}, false
	}
	return boxAt(k.Path, tUS), true
}

func boxAt(path [][5]float64, t float64) Rect {
	i := sort.Search(len(path), func(i int) bool { return path[i][0] >= t })
	rect := func(i int) Rect { return Rect{path[i][1], path[i][2], path[i][3], path[i][4]} }
	if i == 0 {
		return rect(0)
	}
	if i == len(path) {
		return rect(len(path) - 1)
	}
	a, b := path[i-1], path[i]
	return rect(i-1).between(rect(i), (t-a[0])/(b[0]-a[0]))
}
