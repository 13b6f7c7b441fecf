package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// journalVerifyOptions are the flags of posteriori journal verify.
type journalVerifyOptions struct {
	from, proof, key, held string
	signatures             bool
}

func newJournalVerifyCommand(a *app) *cobra.Command {
	var o journalVerifyOptions
	c := &cobra.Command{
		Use:   "verify [-p ID | --from DIR|ZIP | --proof FILE]",
		Short: "Check a journal and name the first record that was touched",
		Long: `Check a procedure's journal, or without -p the store's own: that the records
give the root that the checkpoint was signed for, each in its place. The first
record that was altered, dropped, moved or inserted is named, and the exit
status is then 5. A clock that was set back is a warning. --signatures checks
the signature of each record too, even where the tree is whole.

With --from the journal comes from elsewhere: an export, or a copy of
procedures/ID/journal. With --proof it is one record, in a file that journal
prove made. --key names the public key as it was handed over (without it the
one in the export is taken, and said so). No store is needed and nothing is
recorded.

With --held the journal must also continue the checkpoint (SIZE:ROOT, or the
file of journal checkpoint) that was taken earlier: only that shows that the
folder as a whole was not put back to an older state.
` + exitStatus,
		Example: `  posteriori journal verify -p 2025-00123 --reason "before the report"
  posteriori journal verify --from export.zip --key journal.pub --held 12:q1…=
  posteriori journal verify --proof record-7.json --key journal.pub`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.journalVerify(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "", "journal outside the store: a `folder`, or an export's ZIP file")
	f.StringVar(&o.proof, "proof", "", "`file` that journal prove made")
	f.StringVar(&o.key, "key", "", "`file` with the public key, for --from and --proof")
	f.StringVar(&o.held, "held", "", "a `checkpoint` held outside, SIZE:ROOT or a file")
	f.BoolVar(&o.signatures, "signatures", false, "check the signature of every record")
	return c
}

func (a *app) journalVerify(c *cobra.Command, o journalVerifyOptions) error {
	switch {
	case o.from != "" && o.proof != "":
		return usage(c, "--from and --proof do not go together")
	case o.proof != "" && o.key == "":
		return usage(c, "--proof needs --key, the public key as it was handed over")
	case o.key != "" && o.from == "" && o.proof == "":
		return usage(c, "--key goes with --from or --proof")
	case o.proof != "":
		return a.verifyProof(c, o)
	}
	var r journal.Report
	var beside, err error
	if o.from == "" {
		r, beside, err = a.verifyOwn(c, o)
	} else {
		r, err = a.verifyRecords(c, o)
	}
	if err != nil {
		return err
	}
	if err := a.print(r, func(w io.Writer) error { return printReport(w, r) }); err != nil {
		return err
	}
	if err := r.Err(); err != nil {
		return err
	}
	return beside
}

func (a *app) verifyRecords(c *cobra.Command, o journalVerifyOptions) (journal.Report, error) {
	key, err := readPublicKey(o.key)
	if err != nil {
		return journal.Report{}, err
	}
	check := journal.Check{Signatures: o.signatures}
	if check.Held, err = readHeld(c, "held", o.held, key); err != nil {
		return journal.Report{}, err
	}
	return journal.VerifyFrom(c.Context(), o.from, key, check)
}

// readPublicKey reads a public key, which may lie open; nothing for no name.
func readPublicKey(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	key, err := os.ReadFile(name)
	if err != nil {
		return "", fault.Wrap(fault.BadInput, err, "the public key cannot be read").OnFile(name)
	}
	return string(key), nil
}

// readHeld reads a flag that is SIZE:ROOT or names a file with a checkpoint;
// nil when it is not given.
func readHeld(c *cobra.Command, flag, text, key string) (*journal.Checkpoint, error) {
	if text == "" {
		return nil, nil
	}
	held, err := journal.ParseHeld(text)
	if err == nil {
		return &held, nil
	}
	b, ferr := os.ReadFile(text)
	if ferr != nil {
		return nil, usage(c, "--%s: %v, and there is no such file", flag, err)
	}
	if key == "" {
		return nil, usage(c, "--%s with a file needs --key", flag)
	}
	if held, err = journal.ReadHeld(string(b), key); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "this is no checkpoint of the journal").OnFile(text)
	}
	return &held, nil
}

// verifyOwn verifies a journal of the store. The act is recorded in that
// journal when it is intact and its procedure's document is what it says, else
// in the store's own. When not even that takes a record, the finding is still
// shown. Beside is what is wrong with the document.
func (a *app) verifyOwn(c *cobra.Command, o journalVerifyOptions) (r journal.Report, beside, err error) {
	store, err := a.openStore()
	if err != nil {
		return r, nil, err
	}
	check := journal.Check{Signatures: o.signatures}
	if check.Held, err = readHeld(c, "held", o.held, store.PublicKey()); err != nil {
		return r, nil, err
	}
	if a.procedure != "" {
		if _, err = store.OpenProcedure(a.procedure); fault.KindOf(err) == fault.Integrity {
			beside, err = err, nil // that is what verifying is for
		}
	}
	if err == nil {
		r, err = store.CheckJournal(c.Context(), a.procedure, check)
	}
	spec := engine.ActSpec{Procedure: a.procedure, Operation: journal.Consult, Sub: journal.SubJournalVerify, Reason: a.reason}
	touched := err == nil && (!r.Intact || beside != nil)
	verdict := reportVerdict(r)
	if r.Intact && beside != nil {
		verdict += ", but the procedure's document is not what it records"
	}
	if touched {
		spec.Procedure = ""
	}
	derr := store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err != nil {
			return err
		}
		return act.Record(journal.Details{Result: verdict,
			Objects: []journal.Object{{Kind: "journal", ID: r.Origin, Note: journal.Checkpoint{Size: r.Records, Root: r.Root}.Held()}}})
	})
	if touched && fault.KindOf(derr) != fault.Refused {
		if aerr := store.AlertTouched(c.Context(), a.procedure, verdict); aerr != nil {
			a.notef("the data controller was not told: %v", aerr)
		}
	}
	if touched && derr != nil && fault.KindOf(derr) != fault.Refused {
		a.notef("this could not be recorded: %v", derr)
		return r, beside, nil
	}
	return r, beside, derr
}

// reportVerdict puts a report in a few words.
func reportVerdict(r journal.Report) string {
	switch {
	case r.Intact:
		return "intact"
	case r.First >= 0:
		return fmt.Sprintf("touched, first at record %d", r.First)
	}
	return "touched"
}

func printReport(w io.Writer, r journal.Report) error {
	how := "tree and checkpoint"
	if r.Signatures {
		how += ", and each record's signature"
	}
	fmt.Fprintf(w, "journal     %s\nverdict     %s\nchecked     %s\nrecords     %d\ncheckpoint  %s\nkey         %s\n",
		onLine(r.Origin), reportVerdict(r), how, r.Size, journal.Checkpoint{Size: r.Records, Root: r.Root}.Held(), onLine(r.Key))
	for _, list := range []struct {
		label    string
		findings []journal.Finding
	}{{"finding", r.Findings}, {"warning", r.Warnings}} {
		for _, f := range list.findings {
			at := f.File
			if f.Seq >= 0 {
				at += fmt.Sprintf(", record %d", f.Seq)
			}
			fmt.Fprintf(w, "%s     %s: %s\n", list.label, at, onLine(f.What))
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note        %s\n", onLine(n))
	}
	return nil
}

// verifyProof checks a proof file with the public key alone.
func (a *app) verifyProof(c *cobra.Command, o journalVerifyOptions) error {
	key, err := readPublicKey(o.key)
	if err != nil {
		return err
	}
	held, err := readHeld(c, "held", o.held, key)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(o.proof)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "the proof cannot be read").OnFile(o.proof)
	}
	p, err := journal.ParseProof(b)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "this is no proof of a record").OnFile(o.proof)
	}
	shown, err := p.Verify(key, held)
	if errors.Is(err, journal.ErrProof) {
		return fault.Wrap(fault.Integrity, err, "nothing is proven").OnFile(o.proof).
			WithHint("ask for the proof anew, and compare the public key with the one handed over")
	}
	if err != nil {
		return err
	}
	return a.print(shown, func(w io.Writer) error { return printProven(w, shown) })
}

func printProven(w io.Writer, p journal.Proven) error {
	r := p.Record
	utc, local := recordTimes(r)
	fmt.Fprintf(w, "proven      record %d is in the journal %s\nact         %s, %s, %s\ntime        %s (local %s), by the machine's clock\ncheckpoint  %s\n",
		r.Seq, onLine(r.Log), onLine(string(r.Operation)), onLine(string(r.Sub)), recordOutcome(r), utc, local, p.Checkpoint.Held())
	if p.Continues != nil {
		fmt.Fprintf(w, "continues   %s\n", p.Continues.Held())
	}
	return nil
}
