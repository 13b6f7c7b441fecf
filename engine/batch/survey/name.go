package survey

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// named is what a file's path says of it. Times are of the recorder's own
// clock: their zone is UTC only where utc says so.
type named struct {
	start, end time.Time // zero: not said
	utc        bool
	dateOnly   bool   // start has a day, and no time of day
	how        string // which pattern told, for the evidence
	channel    string // "ch01", or empty
	number     int    // in a sequence; -1: none
	template   string // the path with dates, times and number taken out
}

// Patterns of the names that recorders, cameras and telephones give. Go's
// expressions have no look-around: each match is checked for digits beside it.
var (
	stamp = regexp.MustCompile(`((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_T .]{0,3}(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)`)
	// European order, as people and some programs write it.
	stampDMY = regexp.MustCompile(`(\d\d)[-_.](\d\d)[-_.](20\d\d)[-_T .,]{0,3}(\d\d)[-_.:h](\d\d)[-_.:m](\d\d)`)
	// Dashboard cameras: FILE240301-140000F.
	stampShort = regexp.MustCompile(`(\d\d)(\d\d)(\d\d)[-_](\d\d)(\d\d)(\d\d)`)
	day        = regexp.MustCompile(`((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)`)
	clockTime  = regexp.MustCompile(`(\d\d)[-_.h]?(\d\d)[-_.m]?(\d\d)`)
	dayFolders = regexp.MustCompile(`(?:^|/)((?:19|20)\d\d)[-_./]?(\d\d)[-_./]?(\d\d)(?:/|$)`)
	hourFolder = regexp.MustCompile(`^\d\d$`)
	unix       = regexp.MustCompile(`1[0-9]{9}`)
	channel    = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:channel|chn|ch|caméra|camera|cam|canal|voie|kanal)[-_ ]?0*(\d{1,3})`)
	dahuaPath  = regexp.MustCompile(`(?:^|/)(\d{3})/(?:dav|jpg|mp4)(?:/|$)`)
	frontRear  = regexp.MustCompile(`\d{6}([FRI])$`)
	digits     = regexp.MustCompile(`\d+`)
)

// read reads a path relative to its root.
func read(rel string) named {
	dir, base := filepath.Split(filepath.ToSlash(rel))
	dir = strings.TrimSuffix(dir, "/")
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	n := named{number: -1}
	n.channel = channelOf(dir, stem)
	rest := n.times(dir, stem)
	rest = n.sequence(rest)
	n.template = dirTemplate(dir) + "/" + rest + strings.ToLower(ext)
	return n
}

// times finds start and end and returns the stem with them taken out.
func (n *named) times(dir, stem string) string {
	if at := alone(stamp, stem, 2); len(at) > 0 {
		return n.stamps(stem, at, "YYYYMMDDhhmmss", func(m []string) (time.Time, bool) { return moment(m[1:]) })
	}
	if at := alone(stampDMY, stem, 2); len(at) > 0 {
		return n.stamps(stem, at, "DD-MM-YYYY hh-mm-ss", func(m []string) (time.Time, bool) {
			return moment([]string{m[3], m[2], m[1], m[4], m[5], m[6]})
		})
	}
	if at := alone(stampShort, stem, 2); len(at) > 0 {
		out := n.stamps(stem, at, "YYMMDD-hhmmss", func(m []string) (time.Time, bool) {
			return moment([]string{"20" + m[1], m[2], m[3], m[4], m[5], m[6]})
		})
		if !n.start.IsZero() {
			return out
		}
	}
	if d := dayFolders.FindStringSubmatch(dir); d != nil {
		if at := alone(clockTime, stem, 2); len(at) > 0 {
			out := n.stamps(stem, at, "day in the folder, hhmmss in the name", func(m []string) (time.Time, bool) {
				return moment(append(d[1:4:4], m[1:]...))
			})
			if !n.start.IsZero() {
				return out
			}
		}
	}
	if at := alone(unix, stem, 1); len(at) > 0 {
		if s, err := strconv.ParseInt(stem[at[0][0]:at[0][1]], 10, 64); err == nil {
			n.start, n.utc, n.how = time.Unix(s, 0).UTC(), true, "seconds since 1970"
			return cutOut(stem, at, "{time}")
		}
	}
	if at := alone(day, stem, 1); len(at) > 0 {
		m := day.FindStringSubmatch(stem[at[0][0]:at[0][1]])
		if t, ok := moment(append(m[1:], "00", "00", "00")); ok {
			n.start, n.dateOnly, n.how = t, true, "a day, without a time"
			return cutOut(stem, at, "{day}")
		}
	}
	return stem
}

// stamps takes the first match for the start, a second for the end.
func (n *named) stamps(stem string, at [][]int, how string, parse func([]string) (time.Time, bool)) string {
	var got []time.Time
	var used [][]int
	for _, a := range at {
		var m []string
		for i := 0; i < len(a); i += 2 {
			m = append(m, stem[a[i]:a[i+1]])
		}
		if t, ok := parse(m); ok {
			got, used = append(got, t), append(used, a)
		}
	}
	if len(got) == 0 {
		return stem
	}
	n.start, n.how = got[0], how
	if len(got) > 1 {
		n.end = got[1]
		if n.end.Before(n.start) && n.end.Add(24*time.Hour).After(n.start) {
			n.end = n.end.Add(24 * time.Hour) // times of day only: over midnight
		}
	}
	after := stem[used[0][1]:]
	n.utc = strings.HasPrefix(stem, "PXL_") || strings.HasPrefix(after, "Z") // Android's camera writes UTC after PXL_
	return cutOut(stem, used, "{time}")
}

// sequence finds the last number of the stem that is no time and no channel,
// and returns the stem with it taken out.
func (n *named) sequence(stem string) string {
	all := digits.FindAllStringIndex(stem, -1)
	for i := len(all) - 1; i >= 0; i-- {
		a := all[i]
		if c := channel.FindStringSubmatchIndex(stem); c != nil && a[0] < c[3] && a[1] > c[2] {
			continue
		}
		v, err := strconv.Atoi(stem[a[0]:a[1]])
		if err != nil || a[1]-a[0] > 8 {
			continue
		}
		// GoPro numbers the chapters of one recording before its own number.
		if g := goPro.FindStringSubmatch(stem); g != nil {
			chapter, _ := strconv.Atoi(g[2])
			file, _ := strconv.Atoi(g[3])
			n.number = file*100 + chapter
			return g[1] + "{n}"
		}
		n.number = v
		return stem[:a[0]] + "{n}" + stem[a[1]:]
	}
	return stem
}

var goPro = regexp.MustCompile(`^(G[HXL])(\d\d)(\d{4})$`)

// channelOf is the channel that a name or its folders state, the name first.
func channelOf(dir, stem string) string {
	for _, s := range []string{stem, dir} {
		if m := channel.FindAllStringSubmatch(s, -1); m != nil {
			v, _ := strconv.Atoi(m[len(m)-1][1])
			return "ch" + pad(v)
		}
	}
	if m := dahuaPath.FindStringSubmatch(dir); m != nil {
		v, _ := strconv.Atoi(m[1])
		return "ch" + pad(v)
	}
	if m := frontRear.FindStringSubmatch(stem); m != nil {
		return map[string]string{"F": "front", "R": "rear", "I": "inside"}[m[1]]
	}
	return ""
}

func pad(v int) string {
	if v < 10 {
		return "0" + strconv.Itoa(v)
	}
	return strconv.Itoa(v)
}

// dirTemplate takes days and hours out of a folder's path.
func dirTemplate(dir string) string {
	dir = dayFolders.ReplaceAllString(dir, "/{day}/")
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	for i, p := range parts {
		if hourFolder.MatchString(p) && i > 0 && strings.Contains(strings.Join(parts[:i], "/"), "{day}") {
			parts[i] = "{hour}"
		}
	}
	return strings.Join(parts, "/")
}

// alone gives the matches that have no digit beside them, at most max. Three
// digits more are allowed: thousandths of a second.
func alone(re *regexp.Regexp, s string, max int) [][]int {
	var out [][]int
	for _, a := range re.FindAllStringSubmatchIndex(s, -1) {
		end := a[1]
		for end < len(s) && isDigit(s[end]) {
			end++
		}
		if a[0] > 0 && isDigit(s[a[0]-1]) || end != a[1] && end != a[1]+3 {
			continue
		}
		if out = append(out, a); len(out) == max {
			break
		}
	}
	return out
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cutOut puts with in the place of the matches and of the digits behind them.
func cutOut(s string, at [][]int, with string) string {
	var b strings.Builder
	from := 0
	for _, a := range at {
		b.WriteString(s[from:a[0]])
		b.WriteString(with)
		from = a[1]
		for from < len(s) && isDigit(s[from]) {
			from++
		}
	}
	return b.String() + s[from:]
}

// moment reads year, month, day, hour, minute and second; false when there is
// no such time, or it is none that a recording could have.
func moment(f []string) (time.Time, bool) {
	var v [6]int
	for i := range v {
		n, err := strconv.Atoi(f[i])
		if err != nil {
			return time.Time{}, false
		}
		v[i] = n
	}
	t := time.Date(v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, time.UTC)
	ok := t.Month() == time.Month(v[1]) && t.Day() == v[2] && v[3] < 24 && v[4] < 60 && v[5] < 60 && v[0] >= 1990 && v[0] < 2100
	return t, ok
}
