// Package detectortest is the suite that every detector must pass, and what it
// needs: test data, generated pictures, and the COCO figure of merit.
package detectortest
