package batch

import (
	"fmt"
	"sync"
	"time"
)

// reads is how many times an original is read whole: for its hash at import,
// and before and after its analysis (rule 21).
const reads = 3

// Load is what one recording asks of a run.
type Load struct {
	Group  string        // codec and size of picture: recordings of one group take about the same
	Length time.Duration // media time to analyse
	Bytes  int64
}

// Speeds learns how long recordings take, from samples and from the run
// itself. It is safe for concurrent use.
type Speeds struct {
	mu     sync.Mutex
	groups map[string]rate // work of one worker for media time
	all    rate
	hash   rate // seconds for bytes
}

// rate is an amount of work for an amount of something.
type rate struct{ work, amount float64 }

func (r rate) per() (float64, bool) {
	if r.amount <= 0 {
		return 0, false
	}
	return r.work / r.amount, true
}

// Learn notes that so much media of a group took one worker so long.
func (s *Speeds) Learn(group string, media, work time.Duration) {
	if media <= 0 || work <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil {
		s.groups = map[string]rate{}
	}
	g := s.groups[group]
	s.groups[group] = rate{g.work + work.Seconds(), g.amount + media.Seconds()}
	s.all = rate{s.all.work + work.Seconds(), s.all.amount + media.Seconds()}
}

// LearnHash notes that hashing so many bytes took so long.
func (s *Speeds) LearnHash(bytes int64, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hash = rate{s.hash.work + took.Seconds(), s.hash.amount + float64(bytes)}
}

// What is taken for granted until something was measured: a disk's 200 MB a
// second, and ten times real time.
const (
	hashGuess  = 1.0 / 200e6
	speedGuess = 0.1
)

// Cost is how long one worker is busy with a load, by what was learnt so far: of
// its group, else of all. known is false where it is a guess.
func (s *Speeds) Cost(l Load) (cost time.Duration, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	per, known := s.groups[l.Group].per()
	if !known {
		if per, known = s.all.per(); !known {
			per = speedGuess
		}
	}
	hash, ok := s.hash.per()
	if !ok {
		hash = hashGuess
	}
	sec := per*l.Length.Seconds() + reads*hash*float64(l.Bytes)
	return time.Duration(sec * float64(time.Second)), known
}

// Sum fills in what all cameras together will take, by what the samples taught.
func (e *Estimate) Sum(cams []*Camera, s *Speeds) {
	var work, length time.Duration
	var unknown int
	var bytesSec float64
	for _, x := range e.Samples {
		bytesSec += x.BytesSec / float64(len(e.Samples))
	}
	for _, c := range cams {
		for _, f := range c.Files {
			if f.Action != Analyse {
				continue
			}
			cost, _ := s.Cost(Load{Group: f.Video, Length: f.Length, Bytes: f.Bytes})
			work += cost
			length += f.Length
			if f.Length == 0 && f.Kind == Video {
				unknown++
			}
		}
	}
	if len(e.Samples) == 0 {
		e.Note = "nothing could be measured"
		return
	}
	if work > 0 { // less than a second is one
		e.Time = max(time.Second, (work / time.Duration(max(1, e.Workers))).Round(time.Second))
	}
	e.Bytes = int64(bytesSec * length.Seconds())
	e.Note = fmt.Sprintf("from %d stretches of about 20 s, on this machine as busy as it is now; more movement takes longer", len(e.Samples))
	if unknown > 0 {
		e.Note += fmt.Sprintf("; %d recordings of unknown length are not in it", unknown)
	}
}
