package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/journal"
	"posteriori/engine/plate"
	"posteriori/engine/procedure"
)

// commitmentKey is the procedure's key for commitments to plates: who destroys
// the procedure's key makes them meaningless.
func (p *Procedure) commitmentKey() ([]byte, error) {
	key, err := p.Key()
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("posteriori plate commitments 1"))
	return mac.Sum(nil), nil
}

// CommitPlate is the keyed commitment to a plate by which the journal refers
// to it, as hexadecimal digits (plate.Commit).
func (p *Procedure) CommitPlate(text string) (string, error) {
	key, err := p.commitmentKey()
	if err != nil {
		return "", err
	}
	sum, err := plate.Commit(key, text)
	return hex.EncodeToString(sum[:]), err
}

// CommitPattern is [Procedure.CommitPlate] for a pattern with wildcards.
func (p *Procedure) CommitPattern(pattern plate.Pattern) (string, error) {
	key, err := p.commitmentKey()
	if err != nil {
		return "", err
	}
	sum, err := plate.CommitPattern(key, pattern)
	return hex.EncodeToString(sum[:]), err
}

// The bounds of a search by plate. A plate is masked until a person has
// validated its track (rule 10), yet an answer tells that a masked one fits what
// was asked: letter by letter (A*, AB*, …) it could be guessed. So a question
// names some characters, those that may be wrong not counted, as a witness or
// another document does; and the number of different questions is bounded. To
// find one more character takes some eighteen of them, so that a whole plate is
// not to be had from three in a day, while a list of plates from a requisition
// is; and each question stands in the journal.
const (
	leastKnown   = 3
	mostPatterns = 50
	patternsSpan = 24 * time.Hour
)

// MaySearchPlates refuses a search by number plate to a user whose
// habilitation does not cover plates (rule 5), as that a plate was found is data
// on it, masked or not; and one that is a guess (rule 10): a pattern of too few
// characters, or one more after many others within a day.
func (a *Act) MaySearchPlates(pattern plate.Pattern, fuzzy int) error {
	if _, ok := a.user.Habilitated(access.Plates, a.store.now()); !ok {
		return procedure.Refuse("5", "an administrator records an order with posteriori user habilitate "+a.user.Account+" --nature video --nature plates",
			"the habilitation of account %s does not cover plates", a.user.Account)
	}
	if n := pattern.Known() - fuzzy; n < leastKnown {
		return procedure.Refuse("10", "give what is known of the plate, such as AB-1*; other filters go beside it",
			"a masked plate is not guessed: at least %d characters must be known, those that may be wrong not counted", leastKnown)
	}
	this, err := a.proc.CommitPattern(pattern)
	if err != nil {
		return err
	}
	asked := map[string]bool{}
	for r, err := range a.log.Since(a.store.now().Add(-patternsSpan), `"commitments":[`) {
		if err != nil {
			return err
		}
		if r.Outcome != journal.OK || r.Query == nil || r.Person.UID != a.user.UID {
			continue
		}
		for _, c := range r.Query.Commitments {
			asked[c] = true
		}
	}
	if !asked[this] && len(asked) >= mostPatterns {
		return procedure.Refuse("10", "go on tomorrow, or validate the tracks that were found: posteriori hit unmask shows their plates",
			"account %s has asked for %d different plates in this procedure within a day", a.user.Account, len(asked))
	}
	return nil
}
