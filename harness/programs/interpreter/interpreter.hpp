#pragma once

#include <memory>

#include "harness/explorer/run/program.hpp"
#include "harness/programs/explored_allocator.hpp"
#include "harness/programs/script/script.hpp"

namespace pidmap_stress::explore {

/// The program of a script over a variant, judged.
///
/// It checks: a cell for each pid, which its holder writes (unique_pid; a race on it is
/// reuse_happens_after); the range; that no thread gets a pid again too soon; each change of a
/// count (count_judge); at every instant, that a count of 0 meets no holder; the answer of each
/// call, as far as the caller can know better; at the end, an audit of each namespace; and, by the
/// engine, each use of memory. Where the script is plain (is_plain()), it also checks that at no
/// instant there are more non-empty pages than references, and whether the calls can be put in an
/// order that explains their results (call_book).
///
/// \pre !why_not(s), the variant's size is the script's, and it nests if the script needs that. The
///      variant outlives the program.
[[nodiscard]] std::unique_ptr<program> make_program(const explored_allocator& variant,
                                                    const script& s);

}  // namespace pidmap_stress::explore
