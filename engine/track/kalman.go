package track

import (
	"math"

	"posteriori/engine/scene"
)

// axis is a Kalman filter of one coordinate: place and velocity, with their
// covariance. Acceleration is white noise (Bar-Shalom, Li, Kirubarajan,
// "Estimation with Applications to Tracking and Navigation", 2001, §6.2.2), so
// steps of any length compose.
type axis struct {
	p, v          float64
	ppp, ppv, pvv float64
}

func newAxis(z, r, vvar float64) axis { return axis{p: z, ppp: r, pvv: vvar} }

// predict moves dt seconds on; q is the acceleration's power density, px²/s³.
func (a *axis) predict(dt, q float64) {
	a.p += a.v * dt
	a.ppp += dt*(2*a.ppv+dt*a.pvv) + q*dt*dt*dt/3
	a.ppv += dt*a.pvv + q*dt*dt/2
	a.pvv += q * dt
}

// update takes in the measurement z of variance r.
func (a *axis) update(z, r float64) {
	s := a.ppp + r
	kp, kv := a.ppp/s, a.ppv/s
	e := z - a.p
	a.p += kp * e
	a.v += kv * e
	a.pvv -= kv * a.ppv
	a.ppv -= kp * a.ppv
	a.ppp -= kp * a.ppp
}

// huber is the variance that takes from a measurement more than limit standard
// deviations off all weight beyond the limit (Huber 1964), so that one box cut
// by an occlusion does not drag the track.
func (a *axis) huber(z, r, limit float64) float64 {
	s := a.ppp + r
	e2 := (z - a.p) * (z - a.p)
	if over := math.Sqrt(e2/s) / limit; over > 1 {
		return r + s*(over-1)
	}
	return r
}

// Noise, in sizes of the box (see size). A person starts, stops and turns
// within about a second, a car brakes at about a size per second squared.
const (
	accelCentre   = 0.8  // sizes/s² per √Hz, centre
	accelSize     = 0.35 // sides
	startSpeed    = 5.0  // sizes/s, standard deviation before the second sight
	startGrowth   = 0.4  // sides: a stride is no growth
	comingIn      = 1.5  // sides of what comes in over the border
	noiseDetected = 0.05 // sizes, detector's centre
	noiseBlob     = 0.08 // blob's centre
	noiseWeak     = 0.35 // a shift taken from a blob that holds others too
	outlier       = 3.0  // standard deviations
)

// kalman is the live filter of one box: centre and sides, independent of each
// other because every noise is diagonal.
type kalman struct{ cx, cy, w, h axis }

func newKalman(b scene.Box, noise, growth float64) kalman {
	s := size(b)
	x, y := centre(b)
	r, v, g := sq(noise*s), sq(startSpeed*s), sq(growth*s)
	return kalman{newAxis(x, r, v), newAxis(y, r, v), newAxis(b.W, 2*r, g), newAxis(b.H, 2*r, g)}
}

func sq(x float64) float64 { return x * x }

func (k *kalman) box() scene.Box {
	w, h := math.Max(k.w.p, 1), math.Max(k.h.p, 1)
	return scene.Box{X: k.cx.p - w/2, Y: k.cy.p - h/2, W: w, H: h}
}

func (k *kalman) predict(dt float64) {
	s2 := sq(size(k.box()))
	qc, qs := sq(accelCentre)*s2, sq(accelSize)*s2
	k.cx.predict(dt, qc)
	k.cy.predict(dt, qc)
	k.w.predict(dt, qs)
	k.h.predict(dt, qs)
}

// calm lets motion die away over about half a second: growth always (or a gap
// blows the box up), travel when the object is at rest.
func (k *kalman) calm(dt float64, rest bool) {
	f := math.Exp(-dt / 0.5)
	k.w.v *= f
	k.h.v *= f
	if rest {
		k.cx.v *= f
		k.cy.v *= f
	}
}

// update takes in a whole box; robust distrusts outliers.
func (k *kalman) update(b scene.Box, noise float64, robust bool) {
	r := sq(noise * size(b))
	x, y := centre(b)
	for i, a := range [...]*axis{&k.cx, &k.cy, &k.w, &k.h} {
		z, ri := [...]float64{x, y, b.W, b.H}[i], r
		if i >= 2 {
			ri = 2 * r
		}
		if robust {
			ri = a.huber(z, ri, outlier)
		}
		a.update(z, ri)
	}
}

// shift takes in a weak measurement of the centre alone.
func (k *kalman) shift(x, y, noise float64) {
	r := sq(noise * size(k.box()))
	k.cx.update(x, r)
	k.cy.update(y, r)
}

// mahalanobis is the squared distance of a centre from the prediction, for a
// measurement of the given noise in pixels.
func (k *kalman) mahalanobis(x, y, noise float64) float64 {
	return sq(x-k.cx.p)/(k.cx.ppp+sq(noise)) + sq(y-k.cy.p)/(k.cy.ppp+sq(noise))
}
