SELECT {visualization v} FROM visualizations v WHERE v.id = $1
