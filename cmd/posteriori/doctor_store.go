package main

import (
	"context"
	"fmt"

	"posteriori/engine"
)

// lookThrough checks a store as a whole.
func (a *app) lookThrough(ctx context.Context, dir string) ([]finding, error) {
	c, err := engine.CheckStore(ctx, dir, a.reason)
	if err != nil {
		return nil, err
	}
	list := []finding{{Name: "looked through", State: isOK,
		Version: fmt.Sprintf("%d journals of %d records, %d procedures, %d indexes, %d originals present, %d derived files",
			c.Journals, c.Records, c.Procedures, c.Indexes, c.Originals, c.Derived)}}
	for _, p := range c.Problems {
		f := finding{Name: p.What, State: isWrong, Version: p.Found, Hint: p.Mend}
		if p.Remark {
			f.State = isRemark
		}
		list = append(list, f)
	}
	return list, nil
}

func wrongOnes(list []finding) (out []finding) {
	for _, f := range list {
		if f.State == isWrong {
			out = append(out, f)
		}
	}
	return out
}
