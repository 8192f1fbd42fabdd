# What the scripts beside this one have in common: the bounds, how a program is built, how it is run.

# Octets of flash. The programs that are measured, by their features, and how much each may add at the opt-levels s and z.
programs='
core                        3820   4050
core,apop                   5080   5510
core,apop,leave             5730   6220
core,usual                  9410   9560
driver,apop                 9950   9140
login,apop                 14670  14020
login,apop,leave           15530  14810
login,usual                24510  22750
login,usual,scram-sha-256  41990  36050
'

# Octets of RAM that a type may take.
sizes='
Client<1,128>  260
Client         700
'

# Octets of stack below a call, without SCRAM and with it.
depths='
any-other       1024  1024
Opening,Login   1024  2900
Driver::log_in  1024  3300
'

# Instructions for 100 octets of a body that comes in chunks of so many octets, at s and at z.
instructions='
64    483  624
512   284  331
1460  265  304
'

# What it is all about: whether it is reached is printed.
goal_flash=5000 # NetX Duo's POP3 client takes 6,142, by gcc -Os for the same processor: 4,064 octets, and 2,078 of MD5.
goal_depth=1024
goal_instructions=300

target_dir=$(realpath -m "${CARGO_TARGET_DIR:-$(dirname "${BASH_SOURCE[0]}")/../target}")/footprint
cd "$(dirname "${BASH_SOURCE[0]}")"

# rows TABLE COMMAND: with the words of each row as its arguments.
rows() {
    local -a words
    while read -ra words <&3; do
        [ ${#words[@]} = 0 ] || "$2" "${words[@]}"
    done 3<<<"$1"
}

failures=()
# bounded WHAT FIGURE BOUND: notes it down if the bound is passed.
bounded() {
    [ "$2" -le "$3" ] || failures+=("$1: $2, and the bound is $3")
}

# goal WHAT FIGURE GOAL: says whether it is reached.
goal() {
    local reached='is reached'
    [ "$2" -le "$3" ] || reached='is NOT reached'
    printf 'The goal of %d for %s %s: %d.\n' "$3" "$1" "$reached" "$2"
}

# verdict: the end of a script.
verdict() {
    local failure
    for failure in "${failures[@]}"; do printf 'FAILED: %s\n' "$failure" >&2; done
    [ ${#failures[@]} = 0 ]
}

# build BINARY OPT-LEVEL FEATURES: the program, in a file of its own, whose name is printed.
build() {
    local binary=$1 level=$2 features=$3 said
    local file=$target_dir/$binary-$level-${features:-none}
    said=$(CARGO_TARGET_DIR=$target_dir/$level CARGO_PROFILE_RELEASE_OPT_LEVEL=$level \
        ../build --quiet --locked -p footprint --bin "$binary" --features "$features") || return 1
    cp "$(sed -n 's/^firmware in //p' <<<"$said")/$binary" "$file"
    printf '%s\n' "$file"
}

# run BINARY OPT-LEVEL FEATURES [OPTIONS FOR QEMU]: what the program says.
run() {
    local file said
    file=$(build "$1" "$2" "$3") || return 1
    # The board's timers say that nobody has set them.
    if ! said=$(timeout 120 qemu-system-arm -M lm3s6965evb -display none -monitor none -serial none \
        -semihosting-config enable=on,target=native "${@:4}" -kernel "$file" \
        2> >(grep -v 'Timer with period zero' >&2)); then
        printf 'FAILED: %s says: %s\n' "${file##*/}" "$said" >&2
        return 1
    fi
    printf '%s\n' "$said"
}
