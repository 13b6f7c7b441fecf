package engine

import (
	"context"
	"fmt"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/report"
)

// MakeHabilitation draws up the habilitation line of a user as he stood at
// that time; an account of "" is who acts.
func MakeHabilitation(ctx context.Context, a *Act, account string, at time.Time) (report.Habilitation, error) {
	h := report.Habilitation{Frame: a.frame(), At: at}
	reg, err := a.store.Users(ctx)
	if err != nil {
		return h, err
	}
	if account == "" {
		account = a.user.Account
	}
	then := reg.At(at)
	u, err := then.Named(account)
	if err != nil {
		return h, fault.Wrap(fault.NotFound, err, "nobody of that account was a user on %s", at.Format(time.RFC3339))
	}
	h.Agent = agentOf(u, a.proc.Doc, at, 0)
	text, err := then.Encode()
	if err != nil {
		return h, err
	}
	sum := hashOf(text)
	if h.Record, err = a.store.sealedAs(sum); err != nil {
		return h, fault.Wrap(fault.Integrity, err, "the register of users of %s is not what the journal recorded", at.Format(time.RFC3339)).UnderRule("6")
	}
	h.Document = sum
	h.Journal, _, err = a.checkpoint()
	return h, err
}

// sealedAs finds the record of the store's journal that gave the register of
// users that hash.
func (s *Store) sealedAs(sum string) (int64, error) {
	log, release, err := s.openJournal("")
	if err != nil {
		return 0, err
	}
	defer release()
	for r, err := range log.Records(journal.Filter{}) {
		if err != nil {
			return 0, err
		}
		if r.Sealed[usersFile] == sum {
			return r.Seq, nil
		}
	}
	return 0, fmt.Errorf("no record has the hash %s", sum)
}
