package media

import (
	"fmt"
	"strconv"
)

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// seconds writes µs as ffmpeg takes them and people read them.
func seconds(us int64) string { return fmt.Sprintf("%d.%06d", us/1e6, us%1e6) }

// clockText writes µs of media time as h:mm:ss.mmm.
func clockText(us int64) string {
	ms := (us + 500) / 1000
	return fmt.Sprintf("%d:%02d:%02d.%03d", ms/3600000, ms/60000%60, ms/1000%60, ms%1000)
}
