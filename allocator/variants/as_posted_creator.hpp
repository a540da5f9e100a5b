#pragma once

#include "allocator/variants/as_posted.hpp"

namespace pidmap_stress {

/// The other reading of the posted form: page 0 has no reference, as its alloc never takes one.
struct as_posted_creator_steps : as_posted_steps {
    /// The creator's.
    static constexpr int initial_references = 1;
};

/// The patch as it was posted in 2007; creation's reference is the creator's, so the count is one
/// too low as soon as page 0 empties for the first time.
template <execution_policy P>
struct as_posted_creator : pid_namespace<P, as_posted_orders, as_posted_creator_steps> {
    using pid_namespace<P, as_posted_orders, as_posted_creator_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "as_posted_creator",
        .summary = "the 2007 patch; creation's reference is the creator's",
        .breaks = as_posted_breaks};
};

}  // namespace pidmap_stress
