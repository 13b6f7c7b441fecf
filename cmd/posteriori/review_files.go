package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/review"
	"posteriori/engine/wire"
)

// madeFile is one file of a review folder. Sources say which track it shows, if
// only one.
type madeFile struct {
	evidence.Derived
	kind    index.DerivedKind
	name    string // within the folder
	sources []journal.Object
}

// writeFiles makes every file of the page under r.temp.
func (r *reviewAct) writeFiles(ctx context.Context, ix *index.Store) error {
	for _, sub := range []string{"crops", "clips", "plates", "data"} {
		if err := os.Mkdir(filepath.Join(r.temp, sub), 0o700); err != nil {
			return reviewFault(r.opt.out, err)
		}
	}
	for _, step := range []func(context.Context, *index.Store) error{r.writeCrops, r.writePlates, r.writeClips} {
		if err := step(ctx, ix); err != nil {
			return err
		}
	}
	if err := r.readSynopses(); err != nil {
		return err
	}
	for i, f := range r.page.Meta.PathFiles {
		if f.Src == "" {
			continue
		}
		b, err := r.page.PathScript(i)
		if err != nil {
			return err
		}
		if err := r.write("review", f.Src, b, nil); err != nil {
			return err
		}
	}
	var page strings.Builder
	if err := r.page.WriteHTML(&page); err != nil {
		return err
	}
	if err := r.write("review", indexName, []byte(page.String()), nil); err != nil {
		return err
	}
	return r.write("review", sumsName, []byte(r.sums()), nil)
}

func reviewFault(path string, err error) error {
	return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(path).
		WithHint("free some space on that disk, or name a folder that this account may write to")
}

// write makes one file under r.temp.
func (r *reviewAct) write(kind index.DerivedKind, name string, data []byte, sources []journal.Object) error {
	if err := os.WriteFile(filepath.Join(r.temp, name), data, 0o600); err != nil {
		return reviewFault(filepath.Join(r.opt.out, name), err)
	}
	sum := sha256.Sum256(data)
	return r.note(kind, name, hex.EncodeToString(sum[:]), int64(len(data)), sources)
}

func (r *reviewAct) note(kind index.DerivedKind, name, sha string, bytes int64, sources []journal.Object) error {
	abs, err := filepath.Abs(filepath.Join(r.opt.out, name))
	if err != nil {
		return err
	}
	r.made = append(r.made, madeFile{Derived: evidence.Derived{Path: abs, SHA256: sha, Bytes: bytes}, kind: kind, name: name, sources: sources})
	return nil
}

func (r *reviewAct) find(name string) madeFile {
	for i := len(r.made) - 1; i >= 0; i-- {
		if r.made[i].name == name {
			return r.made[i]
		}
	}
	return madeFile{}
}

// recording is the recording of that number among those on the page.
func (r *reviewAct) recording(ctx context.Context, ix *index.Store, id int64, known map[int64]index.Recording) (index.Recording, error) {
	if rec, ok := known[id]; ok {
		return rec, nil
	}
	rec, err := ix.Recording(ctx, id)
	known[id] = rec
	return rec, err
}

func (r *reviewAct) writeCrops(ctx context.Context, ix *index.Store) error {
	known := map[int64]index.Recording{}
	for _, k := range r.page.Keys() {
		crop, err := ix.Crop(ctx, k.Recording, k.Track)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		rec, err := r.recording(ctx, ix, k.Recording, known)
		if err != nil {
			return err
		}
		if err := r.write("thumbnail", review.CropName(k), crop.JPEG, trackSource(rec, k.Track, nil, nil)); err != nil {
			return err
		}
	}
	return nil
}

// trackSource is what one track's file was made from.
func trackSource(rec index.Recording, track int64, fromUS, toUS *int64) []journal.Object {
	o := recordingObjects([]index.Recording{rec})[0]
	o.Tracks, o.FromUS, o.ToUS = []int64{track}, fromUS, toUS
	return []journal.Object{o}
}

func (r *reviewAct) writePlates(ctx context.Context, ix *index.Store) error {
	for _, m := range r.page.Meta.Recordings {
		if !m.Analysed {
			continue
		}
		plates, err := review.Plates(ctx, ix, m.ID)
		if err != nil {
			return err
		}
		for k, p := range plates {
			if err := r.write("review", review.PlateName(m.ID, k), p.JPEG, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeClips cuts the originals of the first tracks, the first part of each. The
// originals are hashed once before all and once after.
func (r *reviewAct) writeClips(ctx context.Context, ix *index.Store) error {
	keys := r.page.Keys()
	keys = keys[:min(len(keys), r.opt.clips)]
	if len(keys) == 0 {
		return nil
	}
	known := map[int64]index.Recording{}
	var recs []index.Recording
	for _, k := range keys {
		if _, ok := known[k.Recording]; ok {
			continue
		}
		rec, err := r.recording(ctx, ix, k.Recording, known)
		if err != nil {
			return err
		}
		recs = append(recs, rec)
	}
	after, err := r.useOriginals(ctx, r.act, recs)
	if err != nil {
		return err
	}
	told, began := time.Now(), time.Now()
	for i, k := range keys {
		if known[k.Recording].Probe.Still { // a photograph has no span
			continue
		}
		c, err := r.clip(ctx, ix, known[k.Recording], k)
		if err != nil {
			return err
		}
		r.page.Meta.Clips = append(r.page.Meta.Clips, c)
		if time.Since(told) >= plainEvery {
			told = time.Now()
			r.notef("%d of %d originals cut in %v", i+1, len(keys), since(began))
		}
	}
	r.res.Clips = len(r.page.Meta.Clips)
	return after(ctx)
}

// clip cuts one original for the page.
func (r *reviewAct) clip(ctx context.Context, ix *index.Store, rec index.Recording, k index.Key) (review.Clip, error) {
	name := review.ClipName(k)
	c, err := cutForPage(ctx, r.act, ix, rec, k.Track, 0, filepath.Join(r.temp, name))
	if err != nil {
		return c, err
	}
	c.Src = name
	if err := os.Chmod(filepath.Join(r.temp, name), 0o600); err != nil {
		return c, reviewFault(r.opt.out, err)
	}
	info, err := os.Stat(filepath.Join(r.temp, name))
	if err != nil {
		return c, err
	}
	return c, r.note("clip", name, c.SHA256, info.Size(), trackSource(rec, k.Track, &c.FromUS, &c.ToUS))
}

// cutForPage has the worker cut a part of a track's original as a browser plays
// it, and gives what the page must know of it. The caller hashes the original
// before and after.
func cutForPage(ctx context.Context, act *engine.Act, ix *index.Store, rec index.Recording, track int64, part int, path string) (review.Clip, error) {
	c := review.Clip{Recording: rec.ID, Track: track, Part: part}
	t, err := ix.Track(ctx, rec.ID, track, false)
	if err != nil {
		return c, err
	}
	from, to, parts, err := review.ClipSpan(rec, t.StartUS, t.EndUS, part)
	if err != nil {
		return c, err
	}
	out, err := cutSpan(ctx, act, rec, wire.ClipJob{FromUS: from, ToUS: to, Out: path, Player: true})
	if err != nil {
		return c, err
	}
	made, err := evidence.Hash(ctx, path, nil)
	if err != nil {
		return c, err
	}
	c.Parts, c.FromUS, c.ToUS, c.Copied, c.Note, c.SHA256 = parts, out.FromUS, to, out.Copied, out.Note, made.SHA256
	c.Times, err = review.FrameTimes(ctx, ix, rec.ID, out.FromUS, to)
	return c, err
}

// readSynopses takes up what the synopses' descriptions say.
func (r *reviewAct) readSynopses() error {
	for _, name := range r.synopses {
		side := sidecarName(filepath.Join(r.opt.out, name))
		b, err := os.ReadFile(side)
		if err != nil {
			return fault.Wrap(fault.Integrity, err, "it is gone").OnFile(side)
		}
		s, err := review.SynopsisOf(b, name)
		if err != nil {
			return err
		}
		r.page.Meta.Synopses = append(r.page.Meta.Synopses, s)
	}
	return nil
}

// sums lists all files with their hashes, as sha256sum checks them.
func (r *reviewAct) sums() string {
	var b strings.Builder
	for _, f := range r.made {
		fmt.Fprintf(&b, "%s  %s\n", f.SHA256, f.name)
	}
	for i, name := range r.synopses {
		fmt.Fprintf(&b, "%s  %s\n", r.page.Meta.Synopses[i].SHA256, name)
		side := filepath.Base(sidecarName(name))
		if text, err := os.ReadFile(filepath.Join(r.opt.out, side)); err == nil {
			fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(text), side)
		}
	}
	return b.String()
}

// place moves the finished files to where they belong.
func (r *reviewAct) place() error {
	for _, name := range []string{"crops", "clips", "plates", "data", sumsName, indexName} {
		from := filepath.Join(r.temp, name)
		if entries, err := os.ReadDir(from); err == nil && len(entries) == 0 {
			continue
		}
		if err := os.Rename(from, filepath.Join(r.opt.out, name)); err != nil {
			return reviewFault(filepath.Join(r.opt.out, name), err)
		}
	}
	return nil
}

// list enters the files in the procedure's index as derived files.
func (r *reviewAct) list(ctx context.Context, ix *index.Store) error {
	var whole []evidence.Derived
	var single []index.Derived
	seq, _ := r.act.Seq()
	for _, f := range r.made {
		if f.sources == nil {
			whole = append(whole, f.Derived)
			continue
		}
		how, err := json.Marshal(engine.How{Command: journal.SubReview, Sources: f.sources, Program: engine.BuildOf()})
		if err != nil {
			return err
		}
		single = append(single, index.Derived{Kind: f.kind, Name: filepath.Base(f.Path), Path: f.Path, SHA256: f.SHA256, Bytes: f.Bytes,
			MadeUS: r.store.Now().UnixMicro(), Record: seq, How: string(how)})
	}
	if err := r.act.AddDerived(ctx, ix, index.DerivedReview, whole...); err != nil {
		return err
	}
	if len(single) == 0 {
		return nil
	}
	_, err := ix.AddDerived(ctx, single...)
	return err
}
