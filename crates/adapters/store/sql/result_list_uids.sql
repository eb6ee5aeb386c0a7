SELECT uid FROM results WHERE uid IN {texts $1}
