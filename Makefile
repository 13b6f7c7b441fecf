# Builds and tests posteriori. This file is the only place that sets the cgo
# environment; .ci/ holds the longer steps. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

# A Go fetched by the set-up is there only when the machine has none that will do.
export PATH := $(CURDIR)/.tools/go/bin:$(PATH)
export GOTOOLCHAIN := local

# Only three OpenCV modules are named, to the compiler and to the linker: no
# face, cascade, objdetect or dnn code can come in (engine/vision tests it).
TAGS := customenv,gocv_specific_modules
export GOFLAGS := -buildvcs=false -tags=$(TAGS)
export CGO_CXXFLAGS := --std=c++11 -O2
export CGO_CPPFLAGS := -I$(CURDIR)/engine/vision/include -I/usr/include/opencv4
export CGO_LDFLAGS := -lopencv_core -lopencv_imgproc -lopencv_imgcodecs
export POSTERIORI_TAGS := $(TAGS)
export POSTERIORI_ONNXRUNTIME ?= $(CURDIR)/.tools/onnxruntime/libonnxruntime.so

VERSION := $(shell git describe --always --dirty --match 'v*' 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X posteriori/engine.version=$(VERSION)

.PHONY: build setup setup-cuda test demo bench picture fmt clean help

build: setup ## build bin/posteriori and bin/posteriori-worker
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/posteriori ./cmd/posteriori
	@CGO_ENABLED=1 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/posteriori-worker ./cmd/posteriori-worker

setup: ## install what a build needs and this machine lacks
	@.ci/setup

setup-cuda: build ## put ONNX Runtime's build for CUDA into bin/lib-cuda
	@.ci/setup-cuda

test: build ## vet, format check and every test
	@.ci/test

demo: build ## the main job on real footage, into demo/
	@.ci/demo

# make bench DATA=../shared/data SUITE=speed,tracking JSON=out.json
# FULL=1 measures every case, PEERS=DIR other programs out of a Python environment.
# SUITE=faults FULL=1 goes on where bench/faults.json ends; PART=kills or media
# does one of its parts, FOR=1h ends after an hour.
DATA ?= ../shared/data
SUITE ?= all
JSON ?=
FULL ?=
PEERS ?=
PART ?=
FOR ?= 0
bench: build ## measure: DATA=DIR SUITE=a,b JSON=FILE FULL=1 PEERS=DIR PART=kills FOR=1h
	@CGO_ENABLED=0 go build -trimpath -o bench/out/bench ./bench
	@bench/out/bench -data '$(DATA)' -suite '$(SUITE)' -json '$(JSON)' -peers '$(PEERS)' -part '$(PART)' -within '$(FOR)' $(if $(FULL),-full)

picture: build ## make README's picture anew (AT=SECOND of the synopsis)
	@.ci/picture

fmt: setup ## format the Go files
	@gofmt -l -w cmd engine detectors bench testdata

clean: ## remove what was built; downloads in .tools stay
	rm -rf bin demo bench/out

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
