package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"sync"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/query"
	"posteriori/engine/review"
	"posteriori/engine/review/loopback"
)

// session is one run of posteriori serve: what the page asks of it.
type session struct {
	*app
	store    *engine.Store
	act      *engine.Act // of the session itself
	ix       *index.Store
	filter   query.Filter
	temp     string
	synopses []review.Synopsis
	videos   map[string]string // name in the page to file

	mu    sync.Mutex // over what follows
	page  *review.Page
	shown map[index.Key]bool
	cut   []review.Clip

	cutting sync.Mutex // one clip at a time
}

var pictureName = regexp.MustCompile(`^(crops|plates|clips|data)/(?:paths-)?(\d{1,18})(?:-(\d{1,18}))?(?:-(\d{1,9}))?\.(jpg|mp4|js)$`)

// Open gives a file of the page.
func (s *session) Open(ctx context.Context, name string) (loopback.Content, error) {
	if name == "" {
		return s.index(ctx)
	}
	if file, ok := s.videos[name]; ok {
		return openVideo(file)
	}
	m := pictureName.FindStringSubmatch(name)
	if m == nil {
		return loopback.Content{}, fault.New(fault.NotFound, "the page has no such file")
	}
	a, _ := strconv.ParseInt(m[2], 10, 64) // digits, of a length that fits
	b, _ := strconv.ParseInt(m[3], 10, 64)
	switch m[1] + "." + m[5] {
	case "crops.jpg":
		return s.crop(ctx, index.Key{Recording: a, Track: b})
	case "plates.jpg":
		return s.plate(ctx, a, int(b))
	case "data.js":
		s.mu.Lock()
		defer s.mu.Unlock()
		data, err := s.page.PathScript(int(a))
		if err != nil {
			return loopback.Content{}, fault.Wrap(fault.NotFound, err, "the page has no such file")
		}
		return loopback.Content{Type: "text/javascript; charset=utf-8", Data: data}, nil
	case "clips.mp4":
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.cut {
			if c.Src == name {
				return openVideo(s.tempClip(fmt.Sprintf("%d-%d-%d.mp4", c.Recording, c.Track, c.Part)))
			}
		}
	}
	return loopback.Content{}, fault.New(fault.NotFound, "the page has no such file")
}

// index is the page, as the index stands now.
func (s *session) index(ctx context.Context) (loopback.Content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.collect(ctx); err != nil {
		return loopback.Content{}, err
	}
	var b bytes.Buffer
	err := s.page.WriteHTML(&b)
	return loopback.Content{Type: "text/html; charset=utf-8", Data: b.Bytes()}, err
}

func openVideo(path string) (loopback.Content, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return loopback.Content{}, fault.Wrap(fault.NotFound, err, "it is gone")
	}
	return loopback.Content{Type: "video/mp4", File: f}, err
}

func (s *session) crop(ctx context.Context, k index.Key) (loopback.Content, error) {
	if !s.on(k) {
		return loopback.Content{}, fault.New(fault.NotFound, "the page has no such track")
	}
	c, err := s.ix.Crop(ctx, k.Recording, k.Track)
	return loopback.Content{Type: "image/jpeg", Data: c.JPEG}, err
}

func (s *session) plate(ctx context.Context, rec int64, k int) (loopback.Content, error) {
	plates, err := review.Plates(ctx, s.ix, rec)
	if err != nil {
		return loopback.Content{}, err
	}
	if k >= len(plates) || !s.onRecording(rec) {
		return loopback.Content{}, fault.New(fault.NotFound, "the page has no such picture")
	}
	return loopback.Content{Type: "image/jpeg", Data: plates[k].JPEG}, nil
}

// on tells whether the page shows a track: nothing else is to be had.
func (s *session) on(k index.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown[k]
}

func (s *session) onRecording(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.page.Meta.Recordings {
		if r.ID == id {
			return true
		}
	}
	return false
}

// Act does what the page asks, as an act of its own.
func (s *session) Act(ctx context.Context, name string, body []byte) (any, error) {
	switch name {
	case "clip":
		return s.clip(ctx, body)
	case "decide":
		return s.decide(ctx, body)
	case "plates":
		return s.plates(ctx, body)
	}
	return nil, fault.New(fault.NotFound, "the page cannot ask for that")
}

// clip cuts the original of a track for the page: one act in the journal, the
// recording hashed before and after.
func (s *session) clip(ctx context.Context, body []byte) (any, error) {
	var ask struct {
		Recording int64 `json:"recording"`
		Track     int64 `json:"track"`
		Part      int   `json:"part"`
	}
	if err := decodeStrict(body, &ask); err != nil {
		return nil, err
	}
	if !s.on(index.Key{Recording: ask.Recording, Track: ask.Track}) {
		return nil, fault.New(fault.NotFound, "the page has no track %d:%d", ask.Recording, ask.Track)
	}
	s.cutting.Lock()
	defer s.cutting.Unlock()
	var c review.Clip
	err := s.store.Do(ctx, s.spec(journal.Consult, journal.SubView), func(act *engine.Act) (err error) {
		c, err = s.clipAct(ctx, act, ask.Recording, ask.Track, ask.Part)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = append(s.cut, c)
	return c, nil
}

func (s *session) spec(op journal.Operation, sub journal.Sub) engine.ActSpec {
	return engine.ActSpec{Procedure: s.act.Procedure().Doc.ID, Operation: op, Sub: sub, Reason: s.reason}
}

func (s *session) clipAct(ctx context.Context, act *engine.Act, recID, track int64, part int) (review.Clip, error) {
	if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil {
		return review.Clip{}, err
	}
	rec, err := s.ix.Recording(ctx, recID)
	if err != nil {
		return review.Clip{}, err
	}
	source := trackSource(rec, track, nil, nil)[0]
	act.About(journal.Details{Objects: []journal.Object{source}})
	ctx, stop := act.Watch(ctx, procedure.MayAnalyse)
	c, err := s.cutClip(ctx, act, rec, track, part)
	if err == nil {
		source.FromUS, source.ToUS = &c.FromUS, &c.ToUS
		err = act.Record(journal.Details{Params: fmt.Sprintf(`{"part":%d,"view":"original"}`, part), Result: c.Note,
			Objects: []journal.Object{source, {Kind: "derived", ID: "clip", SHA256: c.SHA256}}})
	}
	return c, stop(err)
}

func (s *session) cutClip(ctx context.Context, act *engine.Act, rec index.Recording, track int64, part int) (review.Clip, error) {
	recs := []index.Recording{rec}
	if err := act.UseOriginals(ctx, recs, nil); err != nil {
		return review.Clip{}, err
	}
	name := fmt.Sprintf("%d-%d-%d.mp4", rec.ID, track, part)
	_ = os.Remove(s.tempClip(name)) // of a try that failed
	c, err := cutForPage(ctx, act, s.ix, rec, track, part, s.tempClip(name))
	if err != nil {
		return c, err
	}
	c.Src = "clips/" + name
	return c, act.UseOriginals(ctx, recs, nil)
}

// decided is what the page is told of a decision.
type decided struct {
	Record int64        `json:"record"`
	By     string       `json:"by"`
	AtUS   int64        `json:"at_unix_us"`
	Was    index.Status `json:"was"`
}

// decide keeps a person's decision, as posteriori hit does.
func (s *session) decide(ctx context.Context, body []byte) (any, error) {
	var d pageDecision
	if err := decodeStrict(body, &d); err != nil {
		return nil, err
	}
	v, err := d.check()
	if err != nil {
		return nil, err
	}
	if !s.on(index.Key{Recording: d.Recording, Track: d.Track}) {
		return nil, fault.New(fault.NotFound, "the page has no track %d:%d", d.Recording, d.Track)
	}
	out := decided{AtUS: s.store.Now().UnixMicro()}
	err = s.store.Do(ctx, s.spec(journal.Modify, v.sub), func(act *engine.Act) error {
		rows, err := decideHits(ctx, s.store, act, v, d.Text, []trackRef{{rec: strconv.FormatInt(d.Recording, 10), track: d.Track}})
		if err != nil {
			return err
		}
		out.Record, _ = act.Seq()
		out.By, out.Was = act.By(), rows[0].Was
		return nil
	})
	return out, err
}

// platesFound is what the page is told of a search by plate.
type platesFound struct {
	Record int64        `json:"record"`
	Tracks []plateFound `json:"tracks"`
}

type plateFound struct {
	Recording int64         `json:"recording"`
	Track     int64         `json:"track"`
	Why       *review.Match `json:"why"`
}

// plates searches what the page shows by number plate: an act as posteriori
// query --plate is one, refused to who may not.
func (s *session) plates(ctx context.Context, body []byte) (any, error) {
	var ask struct {
		Pattern string `json:"pattern"`
		Fuzzy   int    `json:"fuzzy"`
		Literal bool   `json:"literal"`
	}
	if err := decodeStrict(body, &ask); err != nil {
		return nil, err
	}
	if s.filter.Plate != nil {
		return nil, fault.New(fault.Usage, "the search behind the page asks for a plate already")
	}
	f := s.filter
	f.Plate = &query.Plate{Pattern: ask.Pattern, Fuzzy: ask.Fuzzy, Literal: ask.Literal}
	if err := f.Validate(); err != nil { // before an act: the pattern stays out of the journal
		return nil, fault.Wrap(fault.Usage, err, "this is no pattern of a plate").WithHint("? is one character, * any number")
	}
	out := platesFound{Tracks: []plateFound{}}
	err := s.store.Do(ctx, s.spec(journal.Consult, journal.SubQuery), func(act *engine.Act) error {
		q, err := journalQuery(act, f)
		if err != nil {
			return err
		}
		res, err := query.Run(ctx, s.ix, f)
		if err != nil {
			return err
		}
		for h, err := range res.Hits(ctx, false) {
			if err != nil {
				return err
			}
			out.Tracks = append(out.Tracks, plateFound{h.Recording.ID, h.Track.ID, review.MatchOf(h.Plate.Match)})
		}
		n := int64(res.Len())
		q.Results = &n
		err = act.Record(journal.Details{Objects: recordingObjects(res.Recordings()), Params: `{"view":"serve"}`, Query: q})
		out.Record, _ = act.Seq()
		return err
	})
	return out, err
}
