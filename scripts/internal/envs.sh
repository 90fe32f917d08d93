# Sourced. Sets envs, the folder of the Python environments and models that scripts keep: $PERFPIPE_ENVS, or perfpipe in
# the user's cache, or llmperf there, the project's former name, for as long as only that exists.
envs=${XDG_CACHE_HOME:-$HOME/.cache}/perfpipe
[ -d "$envs" ] || [ ! -d "${envs%perfpipe}llmperf" ] || envs=${envs%perfpipe}llmperf
envs=${PERFPIPE_ENVS:-$envs}
