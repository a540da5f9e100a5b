# shellcheck shell=bash
# A soak in parts, side by side on a cluster, with one report. Sourced by run_stress.sh.
#
# DIR/part-I/     the journal of part I of N; DIR/part-I.log its output
# DIR/campaign    what was asked for, and the numbers of the jobs: the same command attaches to them
# DIR/report.html, junit.xml, report.json, report.md   the joined report

readonly campaign_tools=(sbatch squeue scontrol)

# write_task FILE PROGRAM FOLDER PARTS ARGUMENT...: what each task of the array runs.
write_task() {
    local file=$1 task_program=$2 folder=$3 count=$4
    shift 4
    cat >"$file" <<TASK
#!/usr/bin/env bash
part=\$SLURM_ARRAY_TASK_ID
# One minute before the end of its time, and when it is preempted, the soak saves what it has.
trap 'kill -TERM "\$soak" 2>/dev/null' USR1 TERM
# Its number is said once: a task that is submitted again is alone in its array.
env -u SLURM_ARRAY_TASK_ID $(quoted "$task_program" soak) --dir $(quoted "$folder")/part-"\$part" \\
    --shard "\$part"/$count $(quoted "$@") &
soak=\$!
code=0
wait "\$soak" || code=\$?
while kill -0 "\$soak" 2>/dev/null; do
    code=0
    wait "\$soak" || code=\$?
done
# Cut short: the same command goes on. Whatever else ended it, the follower submits once more.
if ((code == $exit_cut_short)); then
    scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\$part" || true
fi
exit "\$code"
TASK
}

# The parts that have not come to their end.
open_parts() {  # open_parts FOLDER PARTS
    local part
    for ((part = 1; part <= $2; part++)); do
        tail -n 1 -- "$1/part-$part/journal.jsonl" 2>/dev/null |
            grep -q '"reason":"done".*"type":"end"' || printf '%d\n' "$part"
    done
}

submit_parts() {  # submit_parts FOLDER PARTS: prints the number of the job.
    sbatch --parsable --array="$2" --requeue --open-mode=append --signal=B:USR1@60 \
        --time="$(($(campaign_value seconds "$1") / 60 + 30))" --job-name=pidmap-stress \
        --output="$1/part-%a.log" "$1/task.sh"
}

campaign_value() { sed -n "s/^$1=//p" "$2/campaign" | tail -n 1; }

# follow_campaign FOLDER PARTS: until no task is left; a part that was lost is submitted once more.
follow_campaign() {
    local folder=$1 count=$2 jobs running waiting line said='' again
    local -a left
    while true; do
        jobs=$(sed -n 's/^job=//p' "$folder/campaign" | paste -sd, -)
        # A controller that is restarted does not answer for a while.
        if ! line=$(squeue -h -r -j "$jobs" -o '%T' 2>/dev/null) && ! scontrol ping >/dev/null 2>&1; then
            sleep 2
            continue
        fi
        running=$(grep -c RUNNING <<<"$line" || true)
        waiting=$(grep -cE 'PENDING|CONFIGURING|REQUEUE|COMPLETING' <<<"$line" || true)
        mapfile -t left < <(open_parts "$folder" "$count")
        line="$((count - ${#left[@]})) of $count parts done, $running running, $waiting waiting"
        [[ $line == "$said" ]] || say "$line"
        said=$line
        if ((running + waiting == 0)); then
            again=$(comm -23 <(printf '%s\n' "${left[@]}" | sort) \
                <(sed -n 's/^again=//p' "$folder/campaign" | sort) | grep . | paste -sd, -) || true
            [[ -n $again ]] || return 0
            say "lost and submitted once more: parts $again"
            tr ',' '\n' <<<"$again" | sed 's/^/again=/' >>"$folder/campaign"
            printf 'job=%s\n' "$(submit_parts "$folder" "$again")" >>"$folder/campaign"
        fi
        sleep 2
    done
}

profile_campaign() {
    local folder duration count tool argument job code=0
    program=pidmap-stress-mutants
    folder=$(value_of --dir "$@")
    duration=$(value_of --duration "$@")
    count=$(value_of --shards "$@")
    : "${duration:=1h}"
    [[ " $* " == *' --slurm '* ]] || die "$exit_usage" "campaign needs --slurm: the engine to run on"
    [[ -n $folder ]] || die "$exit_usage" "campaign needs --dir D, a folder that all nodes see"
    [[ $count =~ ^[1-9][0-9]{0,3}$ ]] ||
        die "$exit_usage" "--shards '$count' is not a number of parts, 1 to 9999"
    seconds_of "$duration"
    for tool in "${campaign_tools[@]}"; do
        command -v "$tool" >/dev/null ||
            die "$exit_missing" "campaign --slurm needs $tool on PATH (Debian: slurm-client)"
    done
    without --slurm= --duration --dir --shards -- "$@"
    own_folder "$folder" 'another process that follows it'
    folder=$(readlink -f -- "$folder")

    argument=$(quoted "$count" "$duration" "${rest[@]}")
    if [[ -e $folder/campaign ]]; then
        [[ $(campaign_value asked "$folder") == "$argument" ]] || die "$exit_usage" \
            "--dir $folder has another campaign: --shards, --duration, ...: $(campaign_value asked "$folder")"
        say "attached to the campaign in $folder"
    else
        build release "$program"
        # All parts are of one campaign, so they have one seed.
        [[ " ${rest[*]} " == *' --seed'* ]] || rest+=(--seed "$((SRANDOM % 1000000000 + 1))")
        write_task "$folder/task.sh" "$(program_of release)" "$folder" "$count" \
            --duration "$duration" "${rest[@]}"
        printf 'asked=%s\nseconds=%s\n' "$argument" "$seconds" >"$folder/campaign.draft"
        mv -- "$folder/campaign.draft" "$folder/campaign"
        job=$(submit_parts "$folder" "1-$count") || {
            rm -f -- "$folder/campaign"
            die "$exit_missing" "sbatch did not take the job; what it said is above"
        }
        printf 'job=%s\n' "$job" >>"$folder/campaign"
        # So that there is a report even if nobody follows.
        sbatch --parsable --dependency="afterany:$job" --job-name=pidmap-stress-report \
            --output="$folder/report.log" --wrap "$(campaign_report "$folder")" >/dev/null ||
            say "warning: no job for the report; the same command makes it"
        say "submitted $count parts of $duration each as job $job; the report will be in $folder"
    fi
    trap 'say "detached; the same command attaches again"; exit $exit_cut_short' INT TERM HUP
    follow_campaign "$folder" "$count"
    trap - INT TERM HUP
    eval "$(campaign_report "$folder")" || code=$?
    say "the report is $folder/report.html"
    exit "$code"
}

# The command of the joined report, for a shell.
campaign_report() {
    quoted "$(program_of release)" report "$1" --html "$1/report.html" --junit "$1/junit.xml" \
        --json "$1/report.json" --markdown "$1/report.md"
}
