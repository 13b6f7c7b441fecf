package engine

import (
	"context"
	"encoding/json"

	"posteriori/engine/alert"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// Deployment is the part of a store's description that changes in its life: the
// compliance statement and impact assessment it works under, and who is told of
// alerts.
type Deployment struct {
	Compliance Compliance   `json:"compliance,omitzero"`
	Alert      alert.Config `json:"alert,omitzero"`
}

// Deployment is the store's, as it was when the store was opened.
func (s *Store) Deployment() Deployment {
	return Deployment{Compliance: s.meta.Compliance, Alert: s.meta.Alert}
}

// ChangeDeployment lets change make a new deployment of the one there is,
// records the act with the new description's hash, and puts it in place. A store
// for cases keeps a whole compliance record (rule 19); a demonstration store
// stays one. The record says what there is from then on, without addresses. This
// Store keeps the description that it was opened with.
func (a *Act) ChangeDeployment(ctx context.Context, change func(Deployment) (Deployment, error)) error {
	s := a.store
	f := s.sealedInStore(storeFile)
	about := journal.Details{Objects: []journal.Object{{Kind: "store"}}}
	return f.change(ctx, a.log, func(old []byte) ([]byte, error) {
		meta, err := s.parseMeta(old)
		if err != nil {
			return nil, err
		}
		was := Deployment{Compliance: meta.Compliance, Alert: meta.Alert}
		next, err := change(was)
		if err != nil {
			return nil, err
		}
		if same(was, next) {
			return nil, fault.New(fault.Usage, "nothing of the deployment would change").WithHint("posteriori deployment show tells what it is")
		}
		o := InitOptions{Reason: a.spec.Reason, Demo: meta.Demo, Compliance: next.Compliance, Alert: next.Alert}
		if err := o.check(s.now()); err != nil {
			return nil, err
		}
		meta.Compliance, meta.Alert, about.Params = next.Compliance, next.Alert, next.text()
		return meta.encode()
	}, a.recordSealed(&about))
}

// text is a deployment as a record holds it: the compliance record, and how, not
// to whom, alerts go.
func (d Deployment) text() string {
	b, err := json.Marshal(struct {
		Compliance Compliance `json:"compliance,omitzero"`
		Command    bool       `json:"alert_command"`
		Mail       bool       `json:"alert_mail"`
	}{d.Compliance, len(d.Alert.Command) > 0, d.Alert.SMTP != ""})
	if err != nil {
		return "{}"
	}
	return string(b)
}

func same(a, b Deployment) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(x) == string(y)
}
