#pragma once

#include <functional>

namespace pidmap_stress::explore {

/// Calls `work(0)` to `work(jobs - 1)`, on that many OS threads if the system has them, and returns
/// when all have returned. They may wait for each other only with a way out.
void side_by_side(unsigned jobs, const std::function<void(unsigned)>& work);

}  // namespace pidmap_stress::explore
