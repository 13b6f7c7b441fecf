package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// tally is what has been done of the full suite of faults, which takes longer
// than a sitting: each sitting adds its counts to the file, as each round of
// kills and each batch of files ends, with the build that it was about. What a
// sitting was at when it broke off counts as not done.
type tally struct {
	file  string
	Kills []*killSitting  `json:"kills"`
	Media []*mediaSitting `json:"media"`
}

// tallyName is the tally's file beside RESULTS.md.
const tallyName = "faults.json"

// The parts of the suite of faults.
const (
	partKills = "kills"
	partMedia = "media"
)

// errEnough ends a sitting whose time is over.
var errEnough = errors.New("the sitting's time is over")

// sitting says when and of which build something was counted.
type sitting struct {
	Date    string `json:"date"` // UTC, of its beginning
	Commit  string `json:"commit"`
	Machine string `json:"machine"`
}

func (s sitting) what() sitting { return s }

func (e *env) sitting() sitting {
	return sitting{time.Now().UTC().Format("2006-01-02 15:04 UTC"), commit(e.root), machine()}
}

// killSitting counts kills.
type killSitting struct {
	sitting
	Killed   map[string]int `json:"killed"` // by what was killed
	Missed   int            `json:"missed"` // moments at which no such process was there
	Rounds   int            `json:"rounds"`
	Runs     int            `json:"runs"`
	Machines bool           `json:"machines"` // there was a Postgres
	// What must be nought.
	Differ     int `json:"differ"`
	Lost       int `json:"lost"`
	Twice      int `json:"twice"`
	Unverified int `json:"unverified"`
	Left       int `json:"left"`
}

func (k *killSitting) kills() (n int) {
	for _, v := range k.Killed {
		n += v
	}
	return n
}

// mediaSitting counts hostile files.
type mediaSitting struct {
	sitting
	From     int            `json:"from"` // the first file's number
	To       int            `json:"to"`   // exclusive
	Kinds    int            `json:"kinds"`
	Lacks    []string       `json:"lacks,omitempty"` // kinds that FFmpeg could not make
	Outcomes map[string]int `json:"outcomes"`
	TookS    float64        `json:"took_s"`
	SlowestS float64        `json:"slowest_s"`
	Slowest  string         `json:"slowest"`
	Peak     int64          `json:"peak_bytes"`
	// What must be nought.
	Without    int `json:"without"`
	Crashes    int `json:"crashes"`
	Left       int `json:"left"` // processes that outlived the program
	Unverified int `json:"unverified"`
	// Held tells that processes which hold a file open were looked for, too.
	Held bool `json:"held,omitempty"`
}

// openTally reads the tally; anew forgets of it the part that is to be done, or
// all.
func openTally(file, part string, anew bool) (*tally, error) {
	t := &tally{file: file}
	if err := t.reload(); err != nil {
		return nil, err
	}
	if anew && part != partMedia {
		t.Kills = nil
	}
	if anew && part != partKills {
		t.Media = nil
	}
	return t, nil
}

// reload reads the tally of a full run anew: what broke off is not in it.
func (t *tally) reload() error {
	if t.file == "" {
		return nil
	}
	saved := tally{file: t.file}
	raw, err := os.ReadFile(t.file)
	if err == nil {
		err = json.Unmarshal(raw, &saved)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	*t = saved
	return nil
}

// save writes the tally of a full run.
func (t *tally) save() error {
	if t.file == "" {
		return nil
	}
	return writeJSON(t.file, t)
}

// kills is the sum of the sittings.
func (t *tally) kills() *killSitting {
	sum := &killSitting{Killed: map[string]int{}, Machines: len(t.Kills) > 0}
	for _, k := range t.Kills {
		for what, n := range k.Killed {
			sum.Killed[what] += n
		}
		sum.Missed, sum.Rounds, sum.Runs = sum.Missed+k.Missed, sum.Rounds+k.Rounds, sum.Runs+k.Runs
		sum.Machines = sum.Machines && k.Machines
		sum.Differ, sum.Lost, sum.Twice = sum.Differ+k.Differ, sum.Lost+k.Lost, sum.Twice+k.Twice
		sum.Unverified, sum.Left = sum.Unverified+k.Unverified, sum.Left+k.Left
	}
	return sum
}

// media is the sum of the sittings, each of which went on where the last ended.
func (t *tally) media() *mediaSitting {
	sum := &mediaSitting{Outcomes: map[string]int{}, Held: true}
	for _, m := range t.Media {
		for what, n := range m.Outcomes {
			sum.Outcomes[what] += n
		}
		sum.Held = sum.Held && m.Held
		sum.To, sum.Kinds, sum.Lacks = m.To, m.Kinds, m.Lacks
		sum.TookS, sum.Peak = sum.TookS+m.TookS, max(sum.Peak, m.Peak)
		if m.SlowestS > sum.SlowestS {
			sum.SlowestS, sum.Slowest = m.SlowestS, m.Slowest
		}
		sum.Without, sum.Crashes = sum.Without+m.Without, sum.Crashes+m.Crashes
		sum.Left, sum.Unverified = sum.Left+m.Left, sum.Unverified+m.Unverified
	}
	return sum
}

// sittings says in how many sittings, and of which builds, something was done.
func sittings[S interface{ what() sitting }](list []S) string {
	var builds []string
	for _, s := range list {
		if c := cmp.Or(s.what().Commit, "unknown"); len(builds) == 0 || builds[len(builds)-1] != c {
			builds = append(builds, c)
		}
	}
	return fmt.Sprintf("sittings: %d, of build %s", len(list), strings.Join(builds, ", then "))
}
