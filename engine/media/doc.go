// Package media reads recordings by driving ffmpeg and ffprobe (5.1 or newer)
// as subprocesses, so that a decoder crash is contained and no codec is linked.
// It runs inside posteriori-worker only.
//
// # What is read
//
// Regular local files, given to FFmpeg as file:-prefixed absolute paths, with
// protocols, demuxers and decoders on allow-lists: no playlist, so that a file
// cannot make FFmpeg open another one; no address of the network ([fault.Refused],
// rule 1: the processing is deferred only).
//
// # Time
//
// A picture's time is its PTS in the recording's own time base ([Clock] turns
// it into µs of media time). PTS leave FFmpeg unrounded and equal the packets'
// PTS that [Probe] saw, with two exceptions, both warned of:
//
//   - Timestamps that jump back by over half a second (a recorder that was
//     restarted, files glued together): the time after the jump is moved so
//     that media time goes on 40 ms after the last picture. Smaller steps back
//     are moved to one tick after the picture before. Chunks, coverage and
//     frames all use the moved time, and such a recording is not Seekable.
//   - Recordings without presentation times (raw H.264 and HEVC, AVI with
//     reordered pictures) are Counted: PTS n is the n-th picture as displayed,
//     at the container's frame rate (FFmpeg assumes 25 a second where there is
//     none). Each picture that cannot be decoded moves the later ones by one.
//
// # Damage, and disks that were away
//
// FFmpeg takes what it cannot read for the file's end, or for damage, and says
// nothing else. A network share or a disk that was away for a moment must not
// become damage of an original, nor an original cut short. So whatever looks odd
// (a refusal, complaints, a file that ends before it should, pictures that lack)
// is read again, and counts when it is the same then ([Probe],
// [Examination.Coverage]); else the error says that it does not read the same
// twice, and the caller tries again.
//
// Alternatives: to read the file ahead through our own hands (no: ffmpeg must
// seek); to believe FFmpeg's words (it has none for it); to look for the error
// counters of the kernel (there are none for a share).
//
// # Pixels
//
// Everything is turned upright (the container's rotation) and converted to
// 8-bit 4:2:0. Luma is passed as the recording has it: limited range stays
// limited, full range stays full; nothing is stretched.
//
// # Limits
//
// Nothing is held for the length of a recording: scans are streamed, buffers
// pooled, FFmpeg's messages kept as a bounded tail. A decoder that gives
// nothing for [DecodeOptions].Stall is killed, and the span reported.
package media
