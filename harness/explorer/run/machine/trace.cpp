// What an observer of a controlled execution is told.

#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {
namespace {

std::string_view role_name(cell_role role) {
    switch (role) {
        case cell_role::data:
            return "atomic";
        case cell_role::refcount:
            return "refcount";
        case cell_role::nr_free:
            return "nr_free";
        case cell_role::bitmap:
            return "bitmap";
        case cell_role::page:
            return "page";
        case cell_role::last_pid:
            return "last_pid";
        case cell_role::pid_max:
            return "pid_max";
        case cell_role::object:
            return "object";
    }
    return "atomic";
}

}  // namespace

std::string machine::name_of(location_id where) const {
    const cell_info& cell = cells_[where];
    if (cell.notifies_of != nowhere) return "a notification of " + name_of(cell.notifies_of);
    if (cell.name != nullptr) return cell.name;
    return std::string(cell.kind != nullptr ? cell.kind : role_name(cell.role)) + "#" +
           std::to_string(where);
}

void machine::note_access(const void* of, unsigned thread, bool writes) {
    if (observer_ == nullptr) return;
    last_steps& known = last_steps_[of];
    (writes ? known.written : known.read)[thread] = observed_;
}

std::optional<unsigned> machine::last_access(const void* of, unsigned thread, bool writes) const {
    const auto known = last_steps_.find(of);
    if (known == last_steps_.end()) return std::nullopt;
    return (writes ? known->second.written : known->second.read)[thread];
}

void machine::observe_event(unsigned thread, event_id id) {
    const graph& g = *graph_;
    const event& e = g[id];
    step s{.number = observed_++, .thread = thread, .op = e.op, .order = e.order};
    s.site = e.site;
    s.label = threads_[thread].label;
    step_of_event_.resize(g.size() + 1U);
    step_of_event_[id] = s.number;
    if (e.is_read() || e.is_write()) {
        s.location = e.location;
        s.named = cells_[e.location].name != nullptr;
        s.role = cells_[e.location].role;
        if (const auto index = cells_[e.location].index; index >= 0)
            s.index = static_cast<unsigned>(index);
        s.cell = name_of(e.location);
    }
    switch (e.kind) {
        case event_kind::read:
            s.kind = e.exclusive            ? step_kind::update
                     : e.op != rmw_op::none ? step_kind::failed_update
                                            : step_kind::load;
            s.read = e.value;
            s.read_from = step_of_event_[e.rf];
            if (e.exclusive) {
                const event_id w = g.at(thread, e.po + 1U);
                s.written = g[w].value;
                step_of_event_[w] = s.number;
                s.stale = g[w].after != no_event;
                s.missed = step_of(g[w].after);
            } else {
                s.stale = g[e.rf].after != no_event;
                s.missed = step_of(g[e.rf].after);
            }
            break;
        case event_kind::write:
            s.kind = step_kind::store;
            s.written = e.value;
            s.stale = e.after != no_event;
            break;
        case event_kind::fence:
            s.kind = step_kind::fence;
            break;
        case event_kind::choice:
            s.kind = step_kind::choice;
            s.read = e.value;
            break;
    }
    observer_->on_step(s);
}

void machine::observe(step proto, std::uint64_t value) {
    step s = std::move(proto);
    s.number = observed_++;
    s.label = threads_[s.thread].label;
    if (s.kind == step_kind::plain_write)
        s.written = value;
    else
        s.read = value;
    observer_->on_step(s);
}

}  // namespace pidmap_stress::explore
