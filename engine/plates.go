package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"posteriori/engine/access"
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

// MaySearchPlates refuses a search by number plate to a user whose
// habilitation does not cover plates (rule 5): that a plate was found is data
// on it, masked or not.
func (a *Act) MaySearchPlates() error {
	if _, ok := a.user.Habilitated(access.Plates, a.store.now()); ok {
		return nil
	}
	return procedure.Refuse("5", "an administrator records an order with posteriori user habilitate "+a.user.Account+" --nature video --nature plates",
		"the habilitation of account %s does not cover plates", a.user.Account)
}
