package main

import "context"

func hostileFigures(ctx context.Context, e *env) ([]figure, error) { return nil, nil }
