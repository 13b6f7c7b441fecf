# shellcheck shell=bash
# What the scripts of this folder share. To be sourced, from the repository root.

say() { printf '%s\n' "$*" >&2; }

die() {
	printf 'posteriori set-up: %s\n' "$1" >&2
	shift
	for line in "$@"; do printf '  %s\n' "$line" >&2; done
	exit 1
}

# need_disk MIB WHAT: stop with a plain message when the disk cannot hold it.
need_disk() {
	local free
	free=$(df -Pm . | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] && return
	die "too little disk: $2 needs about $1 MiB here, $free MiB are free" \
		"Free some space on the file system that holds $PWD, then run the command again."
}

# as_root CMD…: run it as root, or say plainly that it cannot be.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		sudo "$@"
	else
		return 77
	fi
}

# fetch_wheel DIR REQUIREMENT PYTAG PLATFORM…: one wheel, its hash checked by
# pip itself, with pip's own settings for where wheels come from.
fetch_wheel() {
	local dir=$1 requirement=$2 python=$3
	shift 3
	local flags=() platform
	for platform in "$@"; do flags+=(--platform "$platform"); done
	printf '%s\n' "$requirement" >"$dir/requirements.txt"
	python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
		--only-binary=:all: --python-version "$python" --implementation cp "${flags[@]}" \
		--dest "$dir" --requirement "$dir/requirements.txt" >&2
}

# version_at_least HAVE WANT: compares dotted numbers.
version_at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}
